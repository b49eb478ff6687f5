import { Bus } from '../src/bus/connection.ts';
import { ObjectTree } from '../src/bus/server.ts';
import { startBus } from '../test/bus/bus-daemon.ts';
import { fakeManager, fakeVM } from '../test/bus/fixture.ts';
import { compare } from './measure.ts';
import type { Result } from './report.ts';

const vms = 1_000;
const runs = 9;
/** One ListVMs takes too little time to measure. */
const turns = 5;
/** The largest good ratios against JSON of the same values. */
const bounds = { managedObjects: 8, list: 6 };

/**
 * GetManagedObjects and ListVMs with many VMs, from the call to the values in the client, against JSON of the same values
 * and back. All is in this process but for the bus: CPU time, so that a busy machine does not count.
 */
export async function benchBus(): Promise<Result> {
  await using bus = await startBus();
  const server = await Bus.connect(bus.address, 5_000);
  const client = await Bus.connect(bus.address, 5_000);
  try {
    const tree = new ObjectTree(server, (_request, error) => console.error(error));
    tree.add('/org/banger/Manager1', 'org.banger.Manager1', fakeManager(vms));
    for (let n = 0; n < vms; n++) tree.add(`/org/banger/vms/v${n}`, 'org.banger.VM1', fakeVM(`v${n}`));
    const destination = server.uniqueName;
    const measure = async (
      name: string,
      call: { path: string; interface: string; member: string },
      bound: number,
    ) => {
      const values = await client.call({ destination, ...call });
      const asked = { name, run: () => timed(() => client.call({ destination, ...call })) };
      const json = { name: 'JSON', run: () => timed(() => JSON.parse(JSON.stringify(values))) };
      return await compare(asked, [json], runs, [bound]);
    };
    const objects = { path: '/org/banger', interface: 'org.freedesktop.DBus.ObjectManager' };
    const manager = { path: '/org/banger/Manager1', interface: 'org.banger.Manager1' };
    const comparisons = [
      ...(await measure(
        'GetManagedObjects',
        { ...objects, member: 'GetManagedObjects' },
        bounds.managedObjects,
      )),
      ...(await measure('ListVMs', { ...manager, member: 'ListVMs' }, bounds.list)),
    ];
    return {
      benchmark: 'bus',
      conditions: { vms, figures: 'CPU time', ready: 'the client has the values', node: process.version },
      comparisons,
    };
  } finally {
    client.close();
    server.close();
  }
}

/** Measures the CPU time that this process takes for some work, several times, in milliseconds each. */
async function timed(work: () => unknown): Promise<number> {
  const began = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / turns;
}
