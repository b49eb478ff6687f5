/**
 * Serves names of VMs as the daemon does, without VMs: each line `web 127.66.1.1` of its input is a VM that runs, and
 * `web` one that has stopped. Prints where it listens, then `ok` for each line.
 */
import { createInterface } from 'node:readline';
import { DnsServer } from '../../../src/network/dns/server.ts';

const vms = new Map<string, string>();
const log = { info: console.error, warn: console.error, error: console.error };
const names = {
  find: ([name = '', ...user]: readonly string[]) => {
    const address = user.length === 0 || user.join() === 'alice' ? vms.get(name) : undefined;
    return address === undefined ? undefined : [address];
  },
};
const server = await DnsServer.listen(names, log);
console.log(`${server.address}:${server.port}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', address] = line.split(' ');
  if (address === undefined) vms.delete(name);
  else vms.set(name, address);
  console.log('ok');
}
await server.close();
