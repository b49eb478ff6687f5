import { mkdir } from 'node:fs/promises';
import type { Procedure } from '../common/steps.ts';
import { record, type VmContext, vmOf } from './context.ts';
import { makeDisk } from './disks.ts';
import { makeIdentity, saveIdentity } from './identity.ts';
import { systemDiskBytes } from './spec.ts';

/** From a row with a name to a VM that can be started. What it leaves when cut short is what a delete removes. */
export const createProcedure: Procedure<VmContext> = {
  name: 'create',
  steps: [
    {
      name: 'image',
      async run(context, work) {
        const { images, kernels } = context.host;
        const image = await images.ensure(vmOf(context).image, work);
        const kernel = await kernels.ensure(image.kernel, work);
        record(context, { imageId: image.id, kernelId: kernel.id });
      },
    },
    {
      name: 'identity',
      async run(context) {
        const { files } = context;
        await mkdir(files.directory, { recursive: true, mode: 0o700 });
        await saveIdentity(files.identity, await makeIdentity(vmOf(context).name));
      },
    },
    {
      name: 'disks',
      async run(context) {
        const { files } = context;
        const { diskBytes } = vmOf(context);
        // One that fails does not leave the other behind, still at work in a directory that is being removed.
        const made = await Promise.allSettled([
          makeDisk(files.systemDisk, systemDiskBytes(diskBytes), 'banger-system'),
          makeDisk(files.workDisk, diskBytes, 'banger-work'),
        ]);
        const failed = made.find((outcome) => outcome.status === 'rejected');
        if (failed) throw failed.reason;
      },
    },
  ],
};
