import { BangerError } from '../common/errors.ts';
import type { Client, Vm } from './client.ts';
import { followJob } from './job.ts';

/**
 * Deletes a VM of ours, running or not. That it is gone already is no failure.
 * @throws what the job fails with
 */
export async function removeVm(client: Client, vm: Vm): Promise<void> {
  try {
    await followJob(client, () => vm.call('Delete', { force: true }));
  } catch (error) {
    if (!(error instanceof BangerError && error.code === 'NoSuchVM') && (await exists(vm))) throw error;
  }
}

/** Whether the VM is still there, as far as the daemon can say. */
export async function exists(vm: Vm): Promise<boolean> {
  return vm.get('State').then(
    () => true,
    (error: unknown) => error instanceof BangerError && error.code === 'DaemonUnreachable',
  );
}
