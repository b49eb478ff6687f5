import { chmod, mkdtemp, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { debianArchive } from '../common/debian.ts';
import { type Command, execute, runPipeline } from '../common/exec.ts';
import type { Work } from '../common/work.ts';
import { bootstrapProgress } from './progress.ts';
import type { ImageRecipe } from './recipe.ts';

const timeoutMs = 60 * 60_000;
/** mmdebstrap has a tree of up to a gigabyte to remove when it is stopped. */
const graceMs = 30_000;
/** No file of an image is younger than this, so that the same packages give the same bytes: Debian 12's release. */
const sourceDateEpoch = '1686355200';
const temporaryPrefix = 'banger-image-';
/** In the scratch directory, a link to the tree that mmdebstrap works on, for who cleans up after a kill. */
const temporaryLink = 'temporary';
/** The script in the new root that finishes it; it removes itself. */
export const customizeScript = '/banger-customize';

/**
 * Makes a root file system from a distribution's packages, straight into a squashfs: no tree is ever the
 * host's to keep, and an ordinary user can do it (mmdebstrap takes user namespaces, else fakechroot).
 * @param overlay a tar whose files are put over the new root; it brings the script that finishes it
 * @param scratch a directory that outlives a kill until removeBootstrap
 * @throws HostNotReady, CommandFailed, Timeout, Cancelled
 */
export async function bootstrapSquashfs(
  recipe: ImageRecipe,
  overlay: string,
  rootfs: string,
  scratch: string,
  work: Work,
): Promise<void> {
  const archive = await debianArchive(recipe.suite, work.signal);
  const temporary = await mkdtemp(join(tmpdir(), temporaryPrefix));
  await symlink(temporary, join(scratch, temporaryLink));
  // In a user namespace root is somebody else, who must get through.
  await chmod(temporary, 0o711);
  const env = { ...archive.environment, TMPDIR: temporary, SOURCE_DATE_EPOCH: sourceDateEpoch };
  const common = { timeoutMs, graceMs, signal: work.signal, env };
  try {
    await runPipeline([
      { ...mmdebstrap(recipe, archive.sources, overlay), ...common, onStderr: bootstrapProgress(work) },
      {
        file: 'tar2sqfs',
        args: ['--quiet', '--force', '--compressor', 'zstd', '--comp-extra', 'level=3', rootfs],
        ...common,
      },
    ]);
  } finally {
    await removeTree(temporary);
  }
}

/** Removes what a bootstrap that was killed left outside of its scratch directory. */
export async function removeBootstrap(scratch: string): Promise<void> {
  const temporary = await readlink(join(scratch, temporaryLink)).catch(() => undefined);
  if (temporary && basename(temporary).startsWith(temporaryPrefix)) await removeTree(temporary);
}

function mmdebstrap(
  recipe: ImageRecipe,
  sources: readonly string[],
  overlay: string,
): Pick<Command, 'file' | 'args'> {
  const options = {
    mode: 'auto',
    variant: 'minbase',
    architectures: recipe.architecture,
    format: 'tar',
    include: recipe.packages.join(','),
  };
  const hooks = [`tar-in ${quoted(overlay)} /`, `chroot "$1" sh ${customizeScript}`];
  return {
    // mmdebstrap ends early only if all its children are told, which timeout does for a whole process group,
    // and it must not go on without us.
    file: 'setpriv',
    args: [
      ...['--pdeathsig', 'TERM', 'timeout', '--kill-after', `${graceMs / 1000}`, `${timeoutMs / 1000}`],
      ...['mmdebstrap', '--verbose'],
      ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
      '--aptopt=APT::Install-Recommends "0"',
      '--aptopt=Acquire::Retries "3"',
      ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      '--dpkgopt=path-include=/usr/share/doc/*/copyright',
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      recipe.suite,
      '-',
      ...sources,
    ],
  };
}

/** For mmdebstrap, which splits its special hooks into words as a shell does. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What a killed mmdebstrap leaves may belong to the users of its namespace, whom only such a namespace can touch. */
async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch {
    await execute({
      file: 'mmdebstrap',
      args: ['--unshare-helper', 'rm', '-rf', '--', directory],
      timeoutMs: 60_000,
    }).catch(() => undefined);
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}
