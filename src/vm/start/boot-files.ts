import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BangerError } from '../../common/errors.ts';
import { getReason } from '../../common/system-error.ts';
import { settleDisk } from '../../disk/settle.ts';
import { readImageManifest } from '../../image/manifest.ts';
import { kernelFiles } from '../../kernel/manifest.ts';
import { getVm, type VmContext } from '../context.ts';
import { systemDiskBytes } from '../spec.ts';
import { recordWarnings } from '../warnings.ts';

/** What the VM boots. It belongs to ids, which never change. */
async function findBootFiles(context: VmContext) {
  const { images, kernels } = context.host;
  const { name, imageId, kernelId } = getVm(context);
  if (imageId === undefined || kernelId === undefined)
    throw new Error(`${name} was recorded without its image`);
  const kernel = kernels.directoryOf({ id: kernelId });
  const image = images.directoryOf({ id: imageId });
  const { rootfs, init, size } = await readImageManifest(image);
  return { rootfs: join(image, rootfs), init, size, kernel, modules: join(kernel, kernelFiles.modules) };
}

/** What the VM boots from. */
export type VmBootFiles = Awaited<ReturnType<typeof findBootFiles>>;

/**
 * Finds what the VM boots, and has its disks be what they should be.
 * @throws ImageDamaged, and what `settleDisk` throws
 */
export async function checkFiles(context: VmContext): Promise<{ bootFiles: VmBootFiles }> {
  const { files } = context;
  recordWarnings(context.host, context.id, []);
  const bootFiles = await findBootFiles(context);
  const { rootfs, modules, size } = bootFiles;
  for (const path of [rootfs, modules]) {
    await stat(path).catch((error: unknown) => {
      throw new BangerError('ImageDamaged', `${path} cannot be used: ${getReason(error)}`);
    });
  }
  const { diskBytes } = getVm(context);
  await settleDisk(files.systemDisk, systemDiskBytes(diskBytes));
  await settleDisk(files.workDisk, diskBytes);
  // An overlay over another base than its own is garbage.
  if ((await stat(rootfs)).size !== size) {
    throw new BangerError('ImageDamaged', `${rootfs} has changed since the image was made`, {
      remedy: 'delete and pull it again',
    });
  }
  return { bootFiles };
}
