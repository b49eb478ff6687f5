import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianArchive } from '../artifact/debian.ts';
import { digestFile, getTotalSize } from '../artifact/digest.ts';
import {
  dropMaking,
  type Making,
  make,
  newMaking,
  openMaking,
  type Shelf,
  thenShelve,
} from '../artifact/making.ts';
import { BangerError } from '../common/errors.ts';
import { run } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { type FetchedPackages, fetchPackages } from './apt.ts';
import { extractVmlinux } from './bzimage.ts';
import { kernelInitrd } from './initrd.ts';
import { type KernelManifest, kernelFiles } from './manifest.ts';
import type { KernelRecipe } from './recipe.ts';

const stepTimeoutMs = 2 * 60_000;

/** What the steps of making a kernel begin with. */
interface KernelMaking extends Making<KernelManifest> {
  readonly recipe: KernelRecipe;
}
type Downloaded = KernelMaking & { packages: FetchedPackages };

/**
 * From a distribution's package, which is downloaded and not installed, to a kernel: its ELF file, the initrd's part
 * of its modules, and all of them as a drive. A daemon that was killed leaves what the next one removes, or has made
 * all but the record, which the next one writes.
 */
export const pullKernelProcedure = thenShelve(
  new Procedure<KernelMaking>('pull-kernel')
    .step('kernel-download', download, dropMaking)
    .step('kernel-unpack', unpack)
    .step('kernel-modules', packModules),
  'kernel',
);

/**
 * Makes a kernel and puts it on its shelf. Needs no privilege and leaves the system's apt alone.
 * @throws HostNotReady, CommandFailed, ImageDamaged, DiskFull, Timeout, Cancelled; then nothing is left
 */
export async function makeKernel(
  recipe: KernelRecipe,
  shelf: Shelf<KernelManifest>,
  work: Work,
): Promise<KernelManifest> {
  requirePrograms('apt-get', 'apt-cache', 'apt-config', 'dpkg-deb', 'depmod', 'gensquashfs', 'setpriv');
  return await make(pullKernelProcedure, { ...newMaking(shelf), recipe }, work);
}

async function download(making: KernelMaking, work: Work): Promise<{ packages: FetchedPackages }> {
  await openMaking(making);
  const { recipe, scratch } = making;
  const archive = await debianArchive(recipe.suite, work.signal);
  return { packages: await fetchPackages(archive, recipe.metapackage, scratch, work) };
}

async function unpack(making: Downloaded, work: Work): Promise<{ release: string }> {
  const unpacked = unpackedIn(making);
  for (const file of making.packages.files) {
    await command('dpkg-deb', ['--extract', file, unpacked], work);
  }
  const release = await releaseOf(unpacked);
  const vmlinux = await extractVmlinux(await readFile(join(unpacked, 'boot', `vmlinuz-${release}`)));
  await writeFile(join(making.directory, kernelFiles.vmlinux), vmlinux, { mode: 0o600 });
  return { release };
}

async function packModules(
  making: Downloaded & { release: string },
  work: Work,
): Promise<{ manifest: KernelManifest }> {
  const { id, recipe, directory, packages, release } = making;
  const unpacked = unpackedIn(making);
  const tree = join(unpacked, 'lib', 'modules', release);
  await command('depmod', ['--basedir', unpacked, release], work);
  const busybox = await readFile(join(unpacked, 'bin', 'busybox'));
  await writeFile(join(directory, kernelFiles.initrd), await kernelInitrd(busybox, tree), { mode: 0o600 });
  await packTree(tree, join(directory, kernelFiles.modules), work);
  const files = [kernelFiles.vmlinux, kernelFiles.initrd, kernelFiles.modules];
  const manifest: KernelManifest = {
    id,
    name: recipe.name,
    release,
    architecture: recipe.architecture,
    size: await getTotalSize(files.map((file) => join(directory, file))),
    digest: (await digestFile(join(directory, kernelFiles.vmlinux))).digest,
    source: packages.source,
    createdAt: new Date().toISOString(),
  };
  await writeFile(join(directory, kernelFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
  });
  return { manifest };
}

function unpackedIn({ scratch }: KernelMaking): string {
  return join(scratch, 'root');
}

/** The whole tree as one read-only file system, owned by root whoever makes it. */
async function packTree(tree: string, path: string, work: Work): Promise<void> {
  const options = ['--quiet', '--all-root', '--compressor', 'zstd', '--comp-extra', 'level=3'];
  await command('gensquashfs', [...options, '--pack-dir', tree, path], work);
}

async function releaseOf(unpacked: string): Promise<string> {
  const [release, ...others] = await readdir(join(unpacked, 'lib', 'modules'));
  if (!release || others.length > 0) {
    throw new BangerError('CommandFailed', 'the kernel package does not hold exactly one modules tree');
  }
  return release;
}

async function command(file: string, args: readonly string[], work: Work): Promise<void> {
  await run({ file, args, timeoutMs: stepTimeoutMs, signal: work.signal, endsWithParent: true });
}
