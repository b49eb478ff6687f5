import type { Client } from '../../client/client.ts';
import { note } from './warnings.ts';

/** Says of a VM that is to go on without its user that it will not do so beyond the logout, where that is so. */
export async function announceLogout(client: Client, vmName: string): Promise<void> {
  const { linger } = await client.manager.call('DaemonStatus');
  if (linger !== false) return;
  note(
    vmName,
    'it is stopped when you log out for the last time; `loginctl enable-linger` keeps VMs running',
  );
}
