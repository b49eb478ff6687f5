import { Bus } from '../bus/connection.ts';
import type { Plain } from '../bus/values.ts';
import type { Drops } from '../doctor/forwarding.ts';

const connectTimeoutMs = 5_000;
/** It reads all packet filters of the host. */
const answerTimeoutMs = 15_000;

/**
 * What packets of this user's bridged VMs meet on their way, as banger-netd tells it.
 * @param address of the system bus
 * @throws DaemonUnreachable without netd, AccessDenied, NotSupported by one of another version, Timeout
 */
export async function askForDrops(address: string): Promise<Drops> {
  const bus = await Bus.connect(address, connectTimeoutMs);
  try {
    const netd = {
      destination: 'org.banger.Network1',
      path: '/org/banger/Network1',
      interface: 'org.banger.Network1',
    };
    const call = { ...netd, member: 'FindDrops', signature: 'a{sv}', body: [{}], timeoutMs: answerTimeoutMs };
    const [bridge, drops] = await bus.call(call);
    return { bridge: String(bridge), drops: listOf(drops).map(dropOf) };
  } finally {
    bus.close();
  }
}

function dropOf(entry: Plain): Drops['drops'][number] {
  const [family = '', table = '', chain = '', manager = ''] = listOf(entry).map(String);
  return { family, table, chain, manager };
}

function listOf(value: Plain | undefined): readonly Plain[] {
  return Array.isArray(value) ? value : [];
}
