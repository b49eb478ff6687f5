/** A bangerd as far as the bus sees one: state lock, holder file, objects, name, and the end in the right order. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daemonBusAddress, endPrivateBus } from '../../src/bus/activation.ts';
import { Bus } from '../../src/bus/connection.ts';
import { ObjectTree } from '../../src/bus/server.ts';
import { lockFile } from '../../src/common/lock.ts';
import { userPaths } from '../../src/common/paths.ts';
import { identify } from '../../src/common/process.ts';
import { fakeManager } from './fixture.ts';

const paths = userPaths();
mkdirSync(paths.state, { recursive: true, mode: 0o700 });
if (process.env.FAKE_FAILURE) {
  console.error(`bangerd: ${process.env.FAKE_FAILURE}`);
  process.exit(1);
}
const bus = await Bus.connect(daemonBusAddress(process.env), 5_000);
const lock = await lockFile(join(paths.state, 'lock'), 3_000);
if (!lock) process.exit(0);
appendFileSync(join(paths.state, 'starts'), `${process.pid}\n`);
const holder = join(paths.state, 'daemon.json');
writeFileSync(holder, JSON.stringify({ ...identify(process.pid), busAddress: bus.address }));

const ended = Promise.withResolvers<void>();
const tree = new ObjectTree(bus, (_, error) => console.error(error));
const manager = fakeManager(10);
manager.methods.DaemonStatus = () => ({ state_directory: paths.state });
manager.methods.Quit = () => void setTimeout(ended.resolve, 20);
tree.add('/org/banger/Manager1', 'org.banger.Manager1', manager);
if (!(await bus.requestName('org.banger.Manager1'))) process.exit(0);
process.on('SIGTERM', () => ended.resolve());
void bus.closed.then(() => ended.resolve());

await ended.promise;
await bus.releaseName('org.banger.Manager1').catch(() => undefined);
await bus.roundTrip().catch(() => undefined);
rmSync(holder);
lock.release();
await endPrivateBus(paths, bus);
process.exit(0);
