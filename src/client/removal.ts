import { BangerError } from '../common/errors.ts';
import type { Client, VmProxy } from './client.ts';
import { followJob } from './job.ts';

/**
 * Deletes a VM of ours, running or not. That it is gone already is no failure.
 * @throws what the job fails with
 */
export async function removeVm(client: Client, vm: VmProxy): Promise<void> {
  try {
    await followJob(client, () => vm.call('Delete', { force: true }));
  } catch (error) {
    if (!(error instanceof BangerError && error.code === 'NoSuchVM') && (await findState(vm)) !== undefined)
      throw error;
  }
}

/** Finds the state of a VM: nothing if it is gone, and `unknown` if there is no daemon that could tell. */
export async function findState(vm: VmProxy): Promise<string | undefined> {
  return await vm.get('State').catch((error: unknown) => {
    const isUnknown = error instanceof BangerError && error.code === 'DaemonUnreachable';
    return isUnknown ? 'unknown' : undefined;
  });
}
