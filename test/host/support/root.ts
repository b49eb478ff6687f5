import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianArchive } from '../../../src/artifact/debian.ts';
import { run } from '../../../src/common/exec.ts';
import { lockFile } from '../../../src/common/lock.ts';
import { checkout } from '../../support/guest-home.ts';

/** Where the roots and the disks of test hosts lie. */
export const hostDirectory = join(checkout, 'build/test/host');
const recipeDirectory = join(checkout, 'test/host/root');
const customize = join(recipeDirectory, 'customize.sh');
const suite = 'bookworm';
const timeoutMs = 540_000;
const graceMs = 30_000;

/**
 * The root file system of the test host, as a directory that nobody writes to. Made in about a minute where it
 * is not there yet for what it is made of now: the lists of packages and the script that finishes it.
 * @throws BangerError if it cannot be made
 */
export async function hostRoot(): Promise<string> {
  const packages = [
    ...packagesOf(join(checkout, 'scripts/packages.txt')).filter(([, when]) => when === 'run'),
    ...packagesOf(join(recipeDirectory, 'packages.txt')),
  ].map(([name = '']) => name);
  const madeOf = [suite, ...packages, readFileSync(customize, 'utf8')].join('\n');
  const name = `root-${createHash('sha256').update(madeOf).digest('hex').slice(0, 12)}`;
  const root = join(hostDirectory, name);
  mkdirSync(hostDirectory, { recursive: true });
  const lock = await lockFile(join(hostDirectory, 'lock'), timeoutMs + graceMs);
  if (!lock) throw new Error('another run of the host tests of this checkout does not end');
  using _held = lock;
  if (!existsSync(root)) {
    // Those of other recipes, and what a maker that was killed left.
    for (const other of readdirSync(hostDirectory).filter((entry) => entry.startsWith('root-'))) {
      rmSync(join(hostDirectory, other), { recursive: true, force: true });
    }
    await make(`${root}.new`, packages);
    renameSync(`${root}.new`, root);
  }
  return root;
}

async function make(directory: string, packages: readonly string[]): Promise<void> {
  const archive = await debianArchive(suite, AbortSignal.timeout(timeoutMs));
  await run({
    file: 'setpriv',
    args: [
      ...['--pdeathsig', 'TERM', 'timeout', '--kill-after', `${graceMs / 1000}`, `${timeoutMs / 1000}`],
      ...['mmdebstrap', '--quiet', '--mode=root', '--variant=minbase', '--format=directory'],
      `--include=${packages.join(',')}`,
      '--aptopt=APT::Install-Recommends "0"',
      '--aptopt=Acquire::Retries "3"',
      ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      `--customize-hook=${customize}`,
      suite,
      directory,
      ...archive.sources,
    ],
    env: archive.environment,
    timeoutMs: timeoutMs + graceMs,
    graceMs,
  });
}

/** The lines of a list of packages, as words. */
function packagesOf(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
}
