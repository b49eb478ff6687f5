import { connect, type Socket } from 'node:net';
import { BangerError, getMessage } from '../common/errors.ts';
import { type Endpoint, parseEndpoints } from './address.ts';

/**
 * Opens a bus and authenticates as the user the kernel says we are (EXTERNAL without an identity, so that
 * it works across user namespaces too). The whole exchange goes out at once: answers are only checked.
 * See the D-Bus specification, "Authentication Protocol".
 * @param first what to send after the exchange, together with it: every wait for the bus delays a command
 * @returns the socket, paused, and what followed the exchange on it
 * @throws DaemonUnreachable if nothing answers at this address, or another bus than the one that it names
 */
export async function openBus(
  address: string,
  timeoutMs: number,
  first: Buffer,
): Promise<{ socket: Socket; rest: Buffer }> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown = new Error('no unix socket in the address');
  for (const endpoint of parseEndpoints(address, process.env)) {
    try {
      return await openSocket(endpoint, Math.max(1, deadline - performance.now()), first);
    } catch (error) {
      cause = error;
    }
  }
  throw new BangerError('DaemonUnreachable', `no D-Bus answers at ${address}: ${getMessage(cause)}`, {
    cause,
  });
}

function openSocket(
  { socket: path, guid }: Endpoint,
  timeoutMs: number,
  first: Buffer,
): Promise<{ socket: Socket; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let received = Buffer.alloc(0);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const onEnd = () => fail(new Error('it closed the connection'));
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const [answer, is] = /^DATA\r\nOK ([0-9a-f]+)\r\n/.exec(received.toString('latin1')) ?? [];
      if (answer && guid && is !== guid) fail(new Error('another bus has taken its place'));
      else if (answer) {
        clearTimeout(timer);
        socket.pause();
        socket.off('error', fail).off('end', onEnd).off('data', onData);
        resolve({ socket, rest: received.subarray(answer.length) });
      } else if (received.includes('REJECTED') || received.includes('ERROR') || received.length > 4096) {
        fail(new Error('it refused to authenticate this user'));
      }
    };
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.on('error', fail).on('end', onEnd).on('data', onData);
    socket.write(Buffer.concat([Buffer.from('\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n'), first]));
  });
}
