/** A client in a process of its own: prints the pid of the daemon that answered. Argument: the launcher. */
import { connectToManager } from '../../src/bus/activation.ts';
import { proxy } from '../../src/bus/proxy.ts';
import { userPaths } from '../../src/common/paths.ts';

const bus = await connectToManager(userPaths(), process.env, process.argv[2] ?? '', { start: true });
const status = await proxy(bus, '/org/banger/Manager1', 'org.banger.Manager1').call('DaemonStatus');
console.log(status.pid);
bus.close();
