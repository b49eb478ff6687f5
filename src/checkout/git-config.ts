import type { GitSetting } from './configuration.ts';
import { asBytes } from './git.ts';
import { type Aliases, resolveUrl, urlAliases, withoutCredentials } from './remote-url.ts';

/** Settings that change what git says of the files and the history, and who commits. Nothing that git would run. */
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
  'core.quotepath',
  'core.usereplacerefs',
  'diff.renames',
  'diff.renamelimit',
  'i18n.commitencoding',
  'i18n.logoutputencoding',
  'log.mailmap',
  'status.renames',
  'status.renamelimit',
  'status.showuntrackedfiles',
]);
const remoteKeys = new Set(['url', 'pushurl', 'fetch', 'tagopt']);
const branchKeys = new Set(['remote', 'merge', 'rebase']);

/**
 * The part of a repository's effective configuration that the guest gets, as the text of a config file
 * (one character is one byte).
 * @param branch the current branch, whose upstream is kept
 */
export function guestConfig(settings: readonly GitSetting[], branch: string | undefined): string {
  const aliases = urlAliases(settings);
  const names = new Set(settings.map(({ key }) => key));
  return settings.map((setting) => linesOf(setting, { branch, aliases, names })).join('');
}

interface Context {
  branch: string | undefined;
  aliases: Aliases;
  /** The keys of all settings. */
  names: ReadonlySet<string>;
}

function linesOf({ key, value }: GitSetting, { branch, aliases, names }: Context): string {
  const section = key.slice(0, key.indexOf('.'));
  const name = key.slice(key.lastIndexOf('.') + 1);
  if (copied.has(key)) return `[${section}]\n\t${name} = ${quote(value)}\n`;
  const subsection = key.slice(section.length + 1, -name.length - 1);
  const line = (to: string, text: string | undefined) =>
    text === undefined ? '' : `[${section} ${quote(subsection)}]\n\t${to} = ${quote(text)}\n`;
  const url = (text: string) => withoutCredentials(resolveUrl(text, aliases.fetch));
  if (section === 'branch' && branchKeys.has(name) && subsection === asBytes(branch ?? '')) {
    // A branch can have a URL in place of a remote's name.
    const isUrl = name === 'remote' && value !== '.' && !names.has(`remote.${value}.url`);
    return line(name, isUrl ? url(value) : value);
  }
  if (section !== 'remote' || subsection === '' || !remoteKeys.has(name)) return '';
  if (!name.endsWith('url')) return line(name, value);
  const pushed = resolveUrl(value, aliases.push);
  const hasPushUrl = name === 'pushurl' || names.has(`remote.${subsection}.pushurl`);
  const push = hasPushUrl || pushed === value ? '' : line('pushurl', withoutCredentials(pushed));
  return line(name, url(value)) + push;
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
