/**
 * One connection of a user to banger-netd, as a daemon has it. Runs in a test host: reads commands as lines of JSON and
 * prints the answer of each as one.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { Bus } from '../../../src/bus/connection.ts';
import { RemoteError } from '../../../src/bus/errors.ts';

/** A call of Network1, or a UDP port of 127.0.0.1 to bind or to close. */
export type ClientCommand =
  | { call: string; signature: string; body: unknown[] }
  /** The same call many times at once; answered by how often each answer came. */
  | { flood: string; signature: string; body: unknown[]; times: number }
  | { bind: number }
  | { close: number };

export type ClientAnswer = { result: unknown } | { error: string; message: string };

const network = 'org.banger.Network1';
const bus = await Bus.connect('unix:path=/run/dbus/system_bus_socket', 5_000);
const sockets = new Map<number, Socket>();

async function obey(command: ClientCommand): Promise<unknown> {
  if ('bind' in command) {
    const socket = createSocket({ type: 'udp4' });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port: command.bind, address: '127.0.0.1', exclusive: true }, resolve);
    });
    sockets.set(command.bind, socket);
    return 'bound';
  }
  if ('close' in command) {
    await new Promise<void>((resolve) => sockets.get(command.close)?.close(resolve));
    return 'closed';
  }
  if ('flood' in command) {
    const answers: Record<string, number> = {};
    const one = async () => {
      const answer = await call(command.flood, command.signature, command.body)
        .then(() => 'granted')
        .catch((error: unknown) => (error instanceof RemoteError ? error.dbusName : String(error)));
      answers[answer] = (answers[answer] ?? 0) + 1;
    };
    await Promise.all(Array.from({ length: command.times }, one));
    return answers;
  }
  return (await call(command.call, command.signature, command.body))[0] ?? null;
}

function call(member: string, signature: string, body: unknown[]) {
  const path = '/org/banger/Network1';
  const timeoutMs = 60_000;
  return bus.call({ destination: network, path, interface: network, member, signature, body, timeoutMs });
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer: ClientAnswer = await obey(JSON.parse(line)).then(
    (result) => ({ result }),
    (error: unknown) =>
      error instanceof RemoteError
        ? { error: error.dbusName, message: error.message }
        : { error: 'local', message: String(error) },
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
