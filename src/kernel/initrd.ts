import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { type CpioEntry, cpio } from './cpio.ts';
import { kernelFiles } from './manifest.ts';
import { loadOrder, moduleName, readModuleIndex } from './modules.ts';

/**
 * What /init loads and when. Everything needed to see the disks comes first; the image's file system only if
 * the image has it; the rest while the disks are being mounted.
 */
const moduleGroups: Readonly<Record<string, readonly string[]>> = {
  disks: ['virtio_mmio', 'virtio_blk', 'overlay'],
  squashfs: ['squashfs'],
  // erofs checks its superblock with crc32c, which no dependency of it names.
  erofs: ['crc32c_intel', 'erofs'],
  devices: ['virtio_net', 'virtio_rng', 'virtio_console'],
  vsock: ['vmw_vsock_virtio_transport'],
};

/** What banger itself puts into every guest. */
const guestPieces = ['init', 'banger-init', 'agent', 'run', 'sync'] as const;

/**
 * The kernel's part of the initrd: busybox and modules, with a list of files per group in /modules.
 * @param tree the modules of the kernel, depmod done
 */
export async function kernelInitrd(busybox: Buffer, tree: string): Promise<Buffer> {
  const index = await readModuleIndex(tree);
  const loaded = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const [group, modules] of Object.entries(moduleGroups)) {
    // The groups are loaded in this order, and a module that two of them need only once.
    const files = loadOrder(index, modules).filter((file) => !loaded.has(file));
    for (const file of files) loaded.set(file, `${moduleName(file)}.ko`);
    lists.set(group, files.map(moduleName));
  }
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'run', 'root', 'newroot', 'modules'].map(directory),
    { name: 'dev/console', mode: 0o020600, device: { major: 5, minor: 1 } },
    { name: 'bin/busybox', mode: 0o100755, data: busybox },
  ];
  for (const [file, name] of loaded) {
    entries.push({ name: `modules/${name}`, mode: 0o100644, data: await readFile(join(tree, file)) });
  }
  for (const [group, names] of lists) {
    entries.push({
      name: `modules/${group}`,
      mode: 0o100644,
      data: Buffer.from(names.map((n) => `${n}\n`).join('')),
    });
  }
  return cpio(entries);
}

/**
 * Joins a kernel's initrd with banger's own part, so that a new banger needs no new kernel.
 * @param guestDirectory holds what was built for guests: `init`, `banger-init`, the `agent`, `run` and `sync`
 * @param cacheDirectory where the joined file is kept, by what is in it
 * @returns the path of the joined file
 * @throws HostNotReady if a piece was not built, ImageDamaged if the kernel has no initrd
 */
export async function composeInitrd(
  kernelDirectory: string,
  guestDirectory: string,
  cacheDirectory: string,
): Promise<string> {
  const kernelPart = await readPiece(join(kernelDirectory, kernelFiles.initrd), (path) => {
    return new BangerError('ImageDamaged', `the kernel lacks ${path}`, {
      remedy: 'remove it and pull it again',
    });
  });
  const entries: CpioEntry[] = [directory('banger')];
  for (const piece of guestPieces) {
    const data = await readPiece(join(guestDirectory, piece), (path) => {
      return new BangerError('HostNotReady', `${path} is not there`, {
        remedy: 'run `make build` or reinstall banger',
      });
    });
    entries.push({ name: piece === 'init' ? 'init' : `banger/${piece}`, mode: 0o100755, data });
  }
  const initrd = Buffer.concat([kernelPart, cpio(entries)]);
  const hash = createHash('sha256').update(initrd).digest('hex').slice(0, 32);
  const path = join(cacheDirectory, `initrd-${hash}.cpio`);
  if (!(await exists(path))) await writeWhole(path, initrd, cacheDirectory);
  return path;
}

function directory(name: string): CpioEntry {
  return { name, mode: 0o040755 };
}

async function readPiece(path: string, missing: (path: string) => BangerError): Promise<Buffer> {
  return await readFile(path).catch((error: unknown) => {
    throw getSystemCode(error) === 'ENOENT' ? missing(path) : error;
  });
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function writeWhole(path: string, data: Buffer, parent: string): Promise<void> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(temporary, data, { mode: 0o600, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
