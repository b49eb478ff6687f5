import { mkdir } from 'node:fs/promises';
import { makeDisk } from '../disk/make.ts';
import { Procedure } from '../work/steps.ts';
import type { Work } from '../work/work.ts';
import { getVm, record, type VmContext } from './context.ts';
import { makeIdentity, saveIdentity } from './identity.ts';
import { systemDiskBytes } from './spec.ts';

/** From a row with a name to a VM that can be started. What it leaves when cut short is what a delete removes. */
export const createProcedure = new Procedure<VmContext>('create')
  .step('image', ensureImage)
  .step('identity', makeKeys)
  .step('disks', makeDisks);

async function ensureImage(context: VmContext, work: Work): Promise<void> {
  const { images, kernels } = context.host;
  const image = await images.ensure(getVm(context).image, work);
  const kernel = await kernels.ensure(image.kernel, work);
  record(context, { imageId: image.id, kernelId: kernel.id });
}

async function makeKeys(context: VmContext): Promise<void> {
  const { files } = context;
  await mkdir(files.directory, { recursive: true, mode: 0o700 });
  await saveIdentity(files.identity, await makeIdentity(getVm(context).name));
}

async function makeDisks(context: VmContext): Promise<void> {
  const { files } = context;
  const { diskBytes } = getVm(context);
  // One that fails does not leave the other behind, still at work in a directory that is being removed.
  const made = await Promise.allSettled([
    makeDisk(files.systemDisk, systemDiskBytes(diskBytes), 'banger-system'),
    makeDisk(files.workDisk, diskBytes, 'banger-work'),
  ]);
  const failed = made.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
