import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { debianArchive } from '../artifact/debian.ts';
import { BangerError } from '../common/errors.ts';
import { type Command, execute, run, runPipeline } from '../common/exec.ts';
import { temporaryObstacle } from '../common/temporary.ts';
import { findUser } from '../common/user.ts';
import type { JobRunner } from '../job/runner.ts';
import type { Work } from '../work/work.ts';
import { bootstrapProgress } from './progress.ts';
import type { ImageRecipe } from './recipe.ts';

const timeoutMs = 60 * 60_000;
/** mmdebstrap has a tree of up to a gigabyte to remove when it is stopped. */
const graceMs = 30_000;
/** CAP_SYS_ADMIN of capabilities(7). */
const capSysAdmin = 21n;
const removeTimeoutMs = 60_000;
/** No file of an image is younger than this, so that the same packages give the same bytes: Debian 12's release. */
const sourceDateEpoch = '1686355200';
const temporaryPrefix = 'banger-image-';
/** In the scratch directory, a link to the tree that mmdebstrap works on, for who cleans up after a kill. */
const temporaryLink = 'temporary';
/** The script in the new root that finishes it; it removes itself. */
export const customizeScript = '/banger-customize';

/** In the scratch directory, where packages come from. A mirror may have a password, which no argument may show. */
const sourcesFile = 'sources.list';
/** In the scratch directory, what the programs at work run under, for who ends them after a kill. */
const jobFile = 'job';

/** Where a bootstrap takes place. */
interface Site {
  /** The name that its programs run under. */
  job: string;
  /** A directory that outlives a kill until `removeBootstrap`. */
  scratch: string;
  runner: JobRunner;
}

/**
 * Makes a root file system from a distribution's packages, straight into a squashfs: no tree is ever the
 * host's to keep, and an ordinary user can do it (mmdebstrap takes user namespaces, else fakechroot).
 * @param overlay a tar whose files are put over the new root; it brings the script that finishes it
 * @throws HostNotReady, CommandFailed, Timeout, Cancelled
 */
export async function bootstrapSquashfs(
  recipe: ImageRecipe,
  overlay: string,
  rootfs: string,
  { job, scratch, runner }: Site,
  work: Work,
): Promise<void> {
  const obstacle = temporaryObstacle();
  if (obstacle) throw new BangerError('HostNotReady', obstacle.problem, obstacle);
  const archive = await debianArchive(recipe.suite, work.signal);
  const temporary = join(tmpdir(), `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
  // Before there is anything to be found by them.
  await writeFile(join(scratch, jobFile), job);
  await symlink(temporary, join(scratch, temporaryLink));
  const sources = join(scratch, sourcesFile);
  await writeFile(sources, archive.sources.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  await mkdir(temporary, { mode: 0o700 });
  // In a user namespace root is somebody else, who must get through.
  await chmod(temporary, 0o711);
  const env = { ...archive.environment, TMPDIR: temporary, SOURCE_DATE_EPOCH: sourceDateEpoch };
  const common = { timeoutMs, graceMs, signal: work.signal, env };
  try {
    await runPipeline([
      {
        ...runner.command(job, { ...mmdebstrap(recipe, sources, overlay), ...common }),
        onStderr: bootstrapProgress(work),
      },
      {
        file: 'tar2sqfs',
        args: ['--quiet', '--force', '--compressor', 'zstd', '--comp-extra', 'level=3', rootfs],
        ...common,
        endsWithParent: true,
      },
    ]);
  } finally {
    await removeBootstrap(scratch, runner);
  }
}

/**
 * Ends what a bootstrap that was killed or given up has running and removes what it has outside of its scratch directory.
 * @throws Timeout, CommandFailed if it cannot be removed
 */
export async function removeBootstrap(scratch: string, runner: JobRunner): Promise<void> {
  const job = await readFile(join(scratch, jobFile), 'utf8').catch(() => '');
  if (!/^banger-job-[a-z0-9-]+$/.test(job)) return;
  await runner.end(job);
  const temporary = await readlink(join(scratch, temporaryLink)).catch(() => '');
  if (basename(temporary).startsWith(temporaryPrefix)) await removeTree(temporary, job, runner);
}

function mmdebstrap(recipe: ImageRecipe, sources: string, overlay: string): Pick<Command, 'file' | 'args'> {
  const options = {
    mode: 'auto',
    variant: 'minbase',
    architectures: recipe.architecture,
    format: 'tar',
    include: recipe.packages.join(','),
  };
  const hooks = [`tar-in ${quoted(overlay)} /`, `chroot "$1" sh ${customizeScript}`];
  // In a mount namespace of its own, what it mounts in its tree is gone when it is, however it ends: nobody else sees
  // it, and who removes the tree does not remove what is mounted there.
  const [file = '', ...before] = [...(mountsForAll() ? ['unshare', '--mount', '--'] : []), 'mmdebstrap'];
  return {
    file,
    args: [
      ...before,
      '--verbose',
      ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
      '--aptopt=APT::Install-Recommends "0"',
      '--aptopt=Acquire::Retries "3"',
      ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      recipe.suite,
      '-',
      sources,
    ],
  };
}

/** Checks whether mmdebstrap would mount where all others see it: as root that may mount it takes no namespace. */
function mountsForAll(): boolean {
  if (process.getuid?.() !== 0) return false;
  const [, effective = '0'] = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> capSysAdmin) & 1n) === 1n;
}

/** For mmdebstrap, which splits its special hooks into words as a shell does. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Removes the tree that mmdebstrap works on. It has directories such as /tmp in which other users may write, who could
 * put a link in the place of what is being removed: rm(1) follows none, whenever it comes. What is not the directory
 * that was made there is left alone.
 */
async function removeTree(directory: string, job: string, runner: JobRunner): Promise<void> {
  const found = await lstat(directory).catch(() => undefined);
  if (!found?.isDirectory() || found.uid !== findUser().uid) return;
  const args = ['-rf', '--one-file-system', '--', directory];
  const removal = { file: 'rm', args, timeoutMs: removeTimeoutMs };
  if ((await execute(removal)).status === 0) return;
  // What a killed one leaves may belong to the users of its namespace, whom only such a namespace can touch.
  const helper = {
    file: 'mmdebstrap',
    args: ['--unshare-helper', 'rm', ...args],
    timeoutMs: removeTimeoutMs,
  };
  await execute(runner.command(job, helper));
  await run(removal);
}
