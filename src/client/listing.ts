import type { Client } from './client.ts';

/** A VM as ListVMs tells it. */
export type Listed = [
  path: string,
  name: string,
  id: string,
  state: string,
  image: string,
  vcpus: number,
  memory: number,
  diskSize: number,
  address: string,
  createdAt: number,
];

/** All VMs, by name. @throws what a call throws */
export async function listVms(client: Client): Promise<Listed[]> {
  const vms = await client.manager.call('ListVMs');
  return vms.sort(([, left], [, right]) => (left < right ? -1 : 1));
}
