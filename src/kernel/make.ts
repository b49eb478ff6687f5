import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile, makeArtifact, sizeOf } from '../common/artifact.ts';
import { debianArchive } from '../common/debian.ts';
import { BangerError } from '../common/errors.ts';
import { run } from '../common/exec.ts';
import { requirePrograms } from '../common/host-programs.ts';
import type { Work } from '../common/work.ts';
import { fetchPackages } from './apt.ts';
import { vmlinuxOf } from './bzimage.ts';
import { kernelInitrd } from './initrd.ts';
import { type KernelManifest, kernelFiles } from './manifest.ts';
import type { KernelRecipe } from './recipe.ts';

const stepTimeoutMs = 2 * 60_000;

/**
 * Makes a kernel into `<parentDirectory>/<id>`: downloads the distribution's package without installing it,
 * takes the ELF kernel out of it and packs its modules. Needs no privilege and leaves the system's apt alone.
 * @throws HostNotReady, CommandFailed, ImageDamaged, DiskFull, Timeout, Cancelled; then nothing is left
 */
export async function makeKernel(
  recipe: KernelRecipe,
  parentDirectory: string,
  work: Work,
): Promise<KernelManifest> {
  requirePrograms('apt-get', 'apt-cache', 'apt-config', 'dpkg-deb', 'depmod', 'gensquashfs');
  return await makeArtifact(parentDirectory, async (id, directory) => {
    const scratch = join(directory, 'scratch');
    await mkdir(scratch);
    work.stage('kernel-download', 0);
    const archive = await debianArchive(recipe.suite, work.signal);
    const packages = await fetchPackages(archive, recipe.metapackage, scratch, work);

    work.stage('kernel-unpack');
    const unpacked = join(scratch, 'root');
    for (const file of packages.files) {
      await command('dpkg-deb', ['--extract', file, unpacked], work);
    }
    const release = await releaseOf(unpacked);
    const vmlinux = await vmlinuxOf(await readFile(join(unpacked, 'boot', `vmlinuz-${release}`)));
    await writeFile(join(directory, kernelFiles.vmlinux), vmlinux, { mode: 0o600 });

    work.stage('kernel-modules');
    const tree = join(unpacked, 'lib', 'modules', release);
    await command('depmod', ['--basedir', unpacked, release], work);
    const busybox = await readFile(join(unpacked, 'bin', 'busybox'));
    await writeFile(join(directory, kernelFiles.initrd), await kernelInitrd(busybox, tree), { mode: 0o600 });
    await packModules(tree, join(directory, kernelFiles.modules), work);

    await rm(scratch, { recursive: true });
    const manifest: KernelManifest = {
      id,
      name: recipe.name,
      release,
      architecture: recipe.architecture,
      size: await sizeOf(directory),
      digest: (await digestFile(join(directory, kernelFiles.vmlinux))).digest,
      source: packages.source,
      createdAt: new Date().toISOString(),
    };
    await writeFile(join(directory, kernelFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: 0o600,
    });
    return manifest;
  });
}

/** The whole tree as one read-only file system, owned by root whoever makes it. */
async function packModules(tree: string, path: string, work: Work): Promise<void> {
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
  await run({ file, args, timeoutMs: stepTimeoutMs, signal: work.signal });
}
