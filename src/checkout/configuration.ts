import { realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { type Directory, unsafe } from './directory.ts';
import { checkFormat } from './format.ts';
import { type Git, gitFailed, splitNul } from './git.ts';
import { notNamed } from './gitfile.ts';
import type { Location } from './locate.ts';

const maxConfigBytes = 4 * 1024 * 1024;
/** One line of git's configuration. One character is one byte. */
export interface GitSetting {
  /** With the section and the name in lower case. */
  key: string;
  value: string;
}

/** What a repository's own configuration says, without what it includes from elsewhere. */
export async function repositorySettings(
  git: Git,
  location: Location,
  scratch: string,
): Promise<GitSetting[]> {
  const { git: own, common } = location;
  const shared = await read(git, common, 'config', scratch);
  checkFormat(location.top, shared);
  if (!isTrue(lastValue(shared, 'extensions.worktreeconfig'))) return shared;
  return [...shared, ...(await read(git, own, 'config.worktree', scratch))];
}

/**
 * What the user's and the system's configuration say for a repository, with what they include: it may keep files from
 * leaving the host.
 * @param git runs with the git directory of the repository, by which some inclusions are chosen
 * @param scratch a directory of our own
 * @throws CommandFailed, NotSupported if inclusions cannot be chosen
 */
export async function userSettings(
  git: Git,
  { git: { path } }: Location,
  scratch: string,
): Promise<GitSetting[]> {
  const { HOME = '/', XDG_CONFIG_HOME } = process.env;
  const xdg = join(XDG_CONFIG_HOME || join(HOME, '.config'), 'git', 'config');
  const settings: GitSetting[] = [];
  for (const file of [['--system'], ['--file', xdg], ['--file', join(HOME, '.gitconfig')]]) {
    const args = ['--no-pager', 'config', ...file, '--includes', '--list', '-z'];
    const outcome = await git.execute(args);
    if (outcome.status === 0) settings.push(...parse(outcome.stdout));
    // A file that is not there, or not to be read, says nothing to git either. With other failures too little would be
    // known: the user's ignore rules keep files from leaving the host.
    else if (!/unable to read config file/.test(outcome.stderr)) {
      throw gitFailed(['config'], outcome);
    }
  }
  const conditions = settings.filter(({ key }) => key.startsWith('includeif.'));
  if (conditions.some(({ key }) => key.startsWith('includeif.hasconfig:'))) {
    throw new BangerError(
      'NotSupported',
      'your git configuration has includeIf "hasconfig:…", which banger does not evaluate',
      { remedy: 'use "gitdir:…" in its place' },
    );
  }
  if (conditions.length > 0) await requireConditions(git, path, scratch);
  return settings;
}

/**
 * Refuses a git directory for which git would skip conditional includes: git skips them without an error where it does
 * not accept the directory as a repository.
 */
async function requireConditions(git: Git, gitDirectory: string, scratch: string): Promise<void> {
  const [probe, included] = [join(scratch, 'probe'), join(scratch, 'included')];
  const pattern = gitDirectory.replace(/[\\*?[\]]/g, '\\$&');
  const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  writeFileSync(included, '[banger]\n\tprobe = true\n');
  writeFileSync(probe, `[includeIf ${quoted(`gitdir:${pattern}`)}]\n\tpath = ${quoted(included)}\n`);
  const args = ['--no-pager', 'config', '--file', probe, '--includes', '--get', 'banger.probe'];
  if ((await git.text(args)) === 'true') return;
  throw new BangerError(
    'NotSupported',
    `git does not take ${gitDirectory} for a repository, so that what your git configuration includes for it is not known`,
    { remedy: 'clone it with `git clone` and give the clone' },
  );
}

/** The value of a key that counts: its last one. */
export function lastValue(settings: readonly GitSetting[], key: string): string | undefined {
  return settings.findLast((setting) => setting.key === key)?.value;
}

/**
 * Refuses a repository whose configuration puts the work tree anywhere but at its top.
 * @throws NotARepository, UnsafeRepository
 */
export function checkSettings({ top, git, common, proof }: Location, settings: readonly GitSetting[]): void {
  // Git does not heed this in a linked work tree, whose own git directory says where it is.
  if (proof === 'linked') return;
  if (isTrue(lastValue(settings, 'core.bare'))) {
    throw new BangerError(
      'NotARepository',
      `${common.path} is a bare repository, which has no files to copy`,
      { remedy: 'give one of its work trees (`git worktree list`), or a clone' },
    );
  }
  const named = lastValue(settings, 'core.worktree');
  const other = named === undefined ? undefined : placeOf(git, named);
  if (other === top) return;
  if (proof === 'named') throw notNamed(top, git.path, other);
  if (other === undefined) return;
  throw unsafe(
    `${git.path}/config`,
    `puts the work tree at ${other} (core.worktree) and not where it is`,
    `give the checkout that holds its own \`.git\`, or run \`git -C ${shellQuote(top)} config --unset core.worktree\``,
  );
}

/** A boolean as git-config(1) has it; a key without a value is true. */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && !['', 'false', 'no', 'off', '0'].includes(value.toLowerCase());
}

/** Finds where `core.worktree` points: relative to the git directory. */
function placeOf(git: Directory, value: string): string {
  const path = resolve(git.path, Buffer.from(value, 'latin1').toString('utf8'));
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

async function read(git: Git, directory: Directory, name: string, scratch: string): Promise<GitSetting[]> {
  const text = directory.read(name, maxConfigBytes);
  if (!text) return [];
  const copy = join(scratch, name);
  writeFileSync(copy, text);
  const { status, stdout, stderr } = await git.execute([
    '--no-pager',
    'config',
    '--file',
    copy,
    '--no-includes',
    '--list',
    '-z',
  ]);
  if (status === 0) return parse(stdout);
  const line = /line \d+/.exec(stderr)?.[0];
  throw new BangerError(
    'CommandFailed',
    `git cannot read ${directory.path}/${name}${line === undefined ? '' : ` (${line})`}`,
    { remedy: 'correct it there' },
  );
}

function parse(output: Buffer): GitSetting[] {
  return splitNul(output).map((record) => {
    const text = record.toString('latin1');
    const keyEnd = text.indexOf('\n');
    return keyEnd === -1
      ? { key: text, value: 'true' }
      : { key: text.slice(0, keyEnd), value: text.slice(keyEnd + 1) };
  });
}
