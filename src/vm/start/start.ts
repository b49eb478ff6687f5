import { mkdir } from 'node:fs/promises';
import type { Attachment } from '../../network/attachment.ts';
import { Procedure } from '../../work/steps.ts';
import type { VmContext } from '../context.ts';
import { connectNetwork } from '../network.ts';
import { endProgram } from '../program.ts';
import { checkFiles } from './boot-files.ts';
import { launch } from './launch.ts';
import { describeMachine } from './machine.ts';
import { awaitGuest } from './ready.ts';
import { dropUserFiles, seed } from './write-seed.ts';

/**
 * From a stopped VM to one whose guest lets its user in. Everything is undone by ending the program, which
 * also removes the VM's runtime directory.
 */
export const startProcedure = new Procedure<VmContext>('start')
  .step('files', checkFiles)
  .step('network', connectToNetwork, endProgram)
  .step('seed', seed, dropUserFiles)
  .step('machine', describeMachine)
  .step('launch', launch)
  .step('connect', ({ attachment }) => attachment.open())
  .step('boot', awaitGuest);

async function connectToNetwork(context: VmContext): Promise<{ attachment: Attachment }> {
  await mkdir(context.files.runtime, { recursive: true, mode: 0o700 });
  return { attachment: await connectNetwork(context) };
}
