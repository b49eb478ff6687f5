// Starts a program as the daemon starts a VMM, in a test host, and prints how it ended as JSON.
// Usage: start-probe.ts STATE RUNTIME PROGRAM [ARGUMENT]...
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bus } from '../../../src/bus/connection.ts';
import { ProcessSupervisor } from '../../../src/supervise/process.ts';
import { SystemdSupervisor } from '../../../src/supervise/systemd.ts';
import { SystemdUnits } from '../../../src/systemd/units.ts';

const [state = '', runtime = '', file = '', ...args] = process.argv.slice(2);
const log = { info: () => undefined, warn: console.error, error: console.error };
const bus = await Bus.connect(process.env.DBUS_SESSION_BUS_ADDRESS ?? '', 5_000);
const units = await SystemdUnits.on(bus, log);
if (!units) throw new Error('there is no service manager on the bus');
const own = join(state, 'vms/own');
const logFile = join(own, 'vmm.log');
const disk = join(own, 'work.ext4');
const ownRuntime = join(runtime, 'vms/own');
for (const directory of [own, ownRuntime]) mkdirSync(directory, { recursive: true, mode: 0o700 });
for (const path of [logFile, disk]) writeFileSync(path, '', { mode: 0o600 });
const supervisor = new SystemdSupervisor(units, new ProcessSupervisor());
const supervised = await supervisor.start('banger-vm-own', { file, args }, logFile, {
  description: 'banger VM own',
  stateDirectory: state,
  powerDown: { file: '/bin/true', args: [] },
  memoryBytes: 512 * 1024 * 1024,
  tasks: 100,
  cpuWeight: 100,
  files: {
    writable: [disk, ownRuntime],
    readable: [file, logFile],
    hidden: ['/home/alice', '/home', '/data/alice', state, runtime],
  },
});
process.stdout.write(JSON.stringify(await supervisor.ended(supervised, AbortSignal.timeout(30_000))));
process.exit(0);
