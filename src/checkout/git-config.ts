import type { GitSetting } from './configuration.ts';
import { asBytes } from './git.ts';

/** Settings that change what git says of the files, and who commits. Nothing that git would run. */
const copied = new Set([
  'user.name',
  'user.email',
  'core.autocrlf',
  'core.eol',
  'core.filemode',
  'core.ignorecase',
  'core.symlinks',
  'core.whitespace',
  'core.sparsecheckout',
  'core.sparsecheckoutcone',
]);
const remoteKeys = new Set(['url', 'pushurl', 'fetch', 'tagopt']);
const branchKeys = new Set(['remote', 'merge', 'rebase']);

/**
 * The part of a repository's effective configuration that the guest gets, as the text of a config file
 * (one character is one byte).
 * @param branch the current branch, whose upstream is kept
 */
export function guestConfig(settings: readonly GitSetting[], branch: string | undefined): string {
  return settings.map((setting) => line(setting, branch)).join('');
}

function line({ key, value }: GitSetting, branch: string | undefined): string {
  const section = key.slice(0, key.indexOf('.'));
  const name = key.slice(key.lastIndexOf('.') + 1);
  if (copied.has(key)) return `[${section}]\n\t${name} = ${quote(value)}\n`;
  const subsection = key.slice(section.length + 1, -name.length - 1);
  const isBranch = section === 'branch' && branchKeys.has(name) && subsection === asBytes(branch ?? '');
  if (!isBranch && !(section === 'remote' && subsection !== '' && remoteKeys.has(name))) return '';
  const kept = name.endsWith('url') ? withoutCredentials(value) : value;
  return kept === undefined ? '' : `[${section} ${quote(subsection)}]\n\t${name} = ${quote(kept)}\n`;
}

/**
 * A remote's URL without the user's secrets; none for one that names a command to run. The user of an
 * ssh URL stays: it is part of the address.
 */
export function withoutCredentials(url: string): string | undefined {
  if (/^(ext|fd)::/.test(url)) return undefined;
  const parts = /^((?:[\w+-]+::)*)([\w+.-]+):\/\/(?:([^/]*)@)?(.*)$/s.exec(url);
  if (!parts) return url;
  const [, helper = '', scheme = '', user, rest = ''] = parts;
  const isWeb = /^(https?|ftps?)$/i.test(scheme);
  const keptUser = user === undefined || isWeb ? '' : `${user.split(':')[0]}@`;
  return `${helper}${scheme}://${keptUser}${isWeb ? rest.replace(/[?#].*$/s, '') : rest}`;
}

function quote(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\b', '\\b');
  return `"${escaped}"`;
}
