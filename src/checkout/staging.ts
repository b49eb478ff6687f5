import { appendFile, chmod, copyFile, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import type { Start } from './branch.ts';
import { Git, isolated, quotePath, settingsEnvironment } from './git.ts';
import { guestConfig } from './git-config.ts';
import { GitIndex } from './git-index.ts';
import type { History } from './history.ts';
import { branchName, type FoundRepository, type Repository } from './repository.ts';

/**
 * A git directory under construction, in a private directory of its own. Git works here on the source's
 * objects with none of the source's configuration, and writes nothing to the source.
 */
export interface Staging {
  /** The private directory; it holds `.git`, and with a clean start also `tree`. */
  directory: string;
  gitDirectory: string;
  /** The work tree that is copied: the source's own, or that of the revision to start from. */
  root: string;
  /** Runs git on the copy of the index, in a directory without any files of the work tree: it would read some of them. */
  git: Git;
  /** The same on `root`. */
  gitOfFiles: Git;
}

/** The index that the guest gets. */
export interface StagedIndex {
  index: GitIndex;
  /** When it was written, in seconds. */
  time: number;
}

/**
 * Where the user's and the system's attributes are, from the top of the work tree: git heeds them last, so they cannot
 * stand in `info/attributes`.
 */
const userAttributes = '.git/info/user-attributes';
/** Git itself merges fewer at once. */
const maxMerged = 64;

/** Makes a git directory like the source's in a private directory, as yet without objects and refs. */
export async function createStaging(
  repository: FoundRepository,
  start: Start,
  directory: string,
  signal: AbortSignal,
): Promise<Staging> {
  const gitDirectory = join(directory, '.git');
  const init = ['init', '--quiet', '--template=', `--object-format=${repository.objectFormat}`, directory];
  await new Git(directory, isolated, signal).run(init);
  await chmod(gitDirectory, 0o755);
  if (start.clean) await mkdir(join(directory, 'tree'));
  const config = guestConfig(repository.settings, branchName(repository.headRef));
  await writeFile(join(gitDirectory, 'config'), config, { encoding: 'latin1', flag: 'a' });
  await mkdir(join(gitDirectory, 'info'), { recursive: true });
  await writeExcludes(repository, gitDirectory);
  if (repository.rules.attributes.length > 0) {
    await writeFile(join(directory, userAttributes), repository.rules.attributes);
    await appendFile(join(gitDirectory, 'config'), `[core]\n\tattributesFile = ${userAttributes}\n`);
  }
  for (const name of ['shallow', 'info/sparse-checkout', 'info/attributes']) {
    await copyIfThere(join(repository.gitDirectory, name), join(gitDirectory, name));
  }
  return openStaging(repository, start, directory, signal);
}

/** The staging that was made in a directory. */
export function openStaging(
  repository: Pick<Repository, 'root' | 'objects'>,
  start: Start,
  directory: string,
  signal: AbortSignal,
): Staging {
  const gitDirectory = join(directory, '.git');
  const root = chooseWorkTree(repository, start, directory);
  const env = {
    ...isolated,
    // From here, not from where the path of the guest's leads on the host.
    ...settingsEnvironment({ 'core.attributesFile': join(directory, userAttributes) }),
    GIT_ATTR_NOSYSTEM: '1',
    GIT_DIR: gitDirectory,
    GIT_INDEX_FILE: join(directory, 'index'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: quotePath(repository.objects),
  };
  const on = (workTree: string) => new Git(workTree, { ...env, GIT_WORK_TREE: workTree }, signal);
  return { directory, gitDirectory, root, git: on(directory), gitOfFiles: on(root) };
}

/** The work tree that is copied. @param directory the private one */
export function chooseWorkTree({ root }: Pick<Repository, 'root'>, start: Start, directory: string): string {
  return start.clean ? join(directory, 'tree') : root;
}

/**
 * Copies the source's index, with what is staged; with a clean start, makes that of the commit and its files.
 * @param withFiles whether the files of a clean start are needed, too
 */
export async function stageIndex(
  repository: Repository,
  start: Start,
  staging: Staging,
  withFiles: boolean,
): Promise<StagedIndex | undefined> {
  const { git, gitOfFiles, directory, gitDirectory } = staging;
  const path = join(directory, 'index');
  let time = Number.POSITIVE_INFINITY;
  if (start.clean) {
    await git.run(['read-tree', start.commit ?? '']);
    // No filter is configured here, so what an attribute names is not run.
    if (withFiles) await gitOfFiles.run(['checkout-index', '--all', '--force', '--index']);
  } else {
    const copiedAt = await copyIndex(repository.gitDirectory, path);
    if (copiedAt === undefined) return undefined;
    time = copiedAt;
    await copySharedIndexes(repository.gitDirectory, gitDirectory);
  }
  // One plain file, whatever form the source's has: split, sparse, compressed.
  const plain = ['--index-version', '2', '--no-split-index', '--no-untracked-cache', '--no-fsmonitor'];
  const settings = [
    '-c',
    'index.sparse=false',
    '-c',
    'core.splitIndex=false',
    '-c',
    'core.untrackedCache=false',
  ];
  await git.run([...settings, 'update-index', '--force-write-index', ...plain]);
  for (const name of await sharedIndexes(gitDirectory)) await rm(join(gitDirectory, name));
  return { index: new GitIndex(await readFile(path), repository.objectFormat), time };
}

/** Writes HEAD, refs and the edge of the history, in place of what stood there while git worked on it. */
export async function writeRefs(staging: Staging, start: Start, history: History): Promise<void> {
  const { gitDirectory } = staging;
  const head = start.headRef === undefined ? start.commit : `ref: ${start.headRef}`;
  await writeFile(join(gitDirectory, 'HEAD'), `${head}\n`);
  const lines = [...history.refs].map(([name, oid]) => `${oid} ${name}\n`);
  await writeFile(join(gitDirectory, 'packed-refs'), lines.join(''), 'latin1');
  const shallow = join(gitDirectory, 'shallow');
  if (history.shallow.length === 0) await rm(shallow, { force: true });
  else await writeFile(shallow, `${history.shallow.join('\n')}\n`);
}

/** Copies a merge that was begun and not committed, and gives the commits that are merged. */
export async function copyMerge(repository: Repository, staging: Staging): Promise<string[]> {
  const names = ['MERGE_HEAD', 'MERGE_MSG', 'MERGE_MODE'];
  for (const name of names) {
    await copyIfThere(join(repository.gitDirectory, name), join(staging.gitDirectory, name));
  }
  const heads = await readFile(join(staging.gitDirectory, 'MERGE_HEAD'), 'latin1').catch(() => '');
  const ids = heads.split('\n').filter((line) => /^[0-9a-f]+$/.test(line));
  if (ids.length <= maxMerged) return ids;
  throw new BangerError(
    'NotSupported',
    `a merge of more than ${maxMerged} commits was begun, which is not copied`,
    { remedy: 'end it with `git merge --abort` or `--continue`' },
  );
}

/** The commits whose parents the source is without, if it is a shallow clone. */
export async function sourceShallow(staging: Staging): Promise<string[]> {
  const text = await readFile(join(staging.gitDirectory, 'shallow'), 'latin1').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** The user's own ignore rules hold in the guest too; the repository's come later and so win. */
async function writeExcludes(repository: FoundRepository, gitDirectory: string): Promise<void> {
  const own = await readFile(join(repository.gitDirectory, 'info', 'exclude')).catch(() => Buffer.alloc(0));
  const rules = [repository.rules.excludes, own].filter((text) => text.length > 0);
  const newline = Buffer.from('\n');
  await writeFile(
    join(gitDirectory, 'info', 'exclude'),
    Buffer.concat(rules.flatMap((text) => [text, newline])),
  );
}

/** Copies the index and tells when it was written; nothing if there is none. */
async function copyIndex(gitDirectory: string, to: string): Promise<number | undefined> {
  try {
    // Git replaces the file as a whole: its time and contents are those of one open file.
    await using file = await open(join(gitDirectory, 'index'));
    const { mtimeMs } = await file.stat();
    await writeFile(to, await file.readFile());
    return Math.floor(mtimeMs / 1000);
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function copySharedIndexes(from: string, to: string): Promise<void> {
  for (const name of await sharedIndexes(from)) await copyIfThere(join(from, name), join(to, name));
}

async function sharedIndexes(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith('sharedindex.'));
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((error: unknown) => {
    if (getSystemCode(error) !== 'ENOENT') throw error;
  });
}
