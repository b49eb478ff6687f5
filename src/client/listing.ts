import type { Client } from './client.ts';
import { fromRow, type RowsOf } from './contract.ts';

/** A VM as ListVMs tells it. */
export type Listed = RowsOf<'org.banger.Manager1'>['ListVMs'];

/** All VMs, by name. @throws what a call throws */
export async function listVms(client: Client): Promise<Listed[]> {
  const rows = await client.manager.call('ListVMs');
  const vms = rows.map((row) => fromRow('org.banger.Manager1', 'ListVMs', row));
  return vms.sort((left, right) => (left.name < right.name ? -1 : 1));
}
