import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { onAbort, throwIfCancelled } from '../../common/abort.ts';
import { BangerError, getOwnRemedy, getProblem } from '../../common/errors.ts';
import { connected } from '../sockets.ts';

/** How long one connection is waited for: what the guest was sent before its driver was ready may be lost. */
const attemptMs = 1_000;
const pauseMs = 25;
/** `OK ` and a port. */
const maxReply = 32;

/**
 * Connects to what listens on a port of a guest, as docs/vsock.md in Firecracker has it: `CONNECT <port>` on the
 * socket, answered by `OK <port of the host's end>`, or by the end of the connection where nobody listens. Tries again
 * until somebody does.
 * @param path the host's end of the machine's vsock
 * @throws GuestUnreachable if there is no machine, Cancelled
 */
export async function connectVsock(path: string, port: number, signal: AbortSignal): Promise<Duplex> {
  for (;;) {
    throwIfCancelled(signal);
    const socket = await connected(path).catch(unreachable);
    if (!socket) {
      throw new BangerError('GuestUnreachable', 'the machine has no vsock', {
        remedy: 'it has ended or not begun',
      });
    }
    if (await isAccepted(socket, port, signal)) return socket;
    socket.destroy();
    await sleep(pauseMs, undefined, { signal }).catch(() => throwIfCancelled(signal));
  }
}

function unreachable(error: unknown): never {
  throw new BangerError('GuestUnreachable', getProblem(error), { remedy: getOwnRemedy(error), cause: error });
}

/** Asks for a port. What the guest sends stays to be read by whoever takes the socket over. */
function isAccepted(socket: Socket, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = Buffer.alloc(0);
    let cancellation: Disposable | undefined;
    const settle = (accepted: boolean) => {
      clearTimeout(timer);
      cancellation?.[Symbol.dispose]();
      socket.off('readable', read).off('close', refuse).off('end', refuse);
      // One that is refused may still fail, and whoever takes one over has a listener of their own.
      if (accepted) socket.off('error', refuse);
      resolve(accepted);
    };
    const refuse = () => settle(false);
    const read = () => {
      reply = Buffer.concat([reply, socket.read() ?? Buffer.alloc(0)]);
      const end = reply.indexOf('\n');
      if (end < 0 && reply.length <= maxReply) return;
      const accepted = end >= 0 && /^OK \d{1,10}$/.test(reply.toString('latin1', 0, end));
      if (accepted && end + 1 < reply.length) socket.unshift(reply.subarray(end + 1));
      settle(accepted);
    };
    const timer = setTimeout(refuse, attemptMs);
    socket.on('readable', read).on('close', refuse).on('end', refuse).on('error', refuse);
    cancellation = onAbort(signal, refuse);
    socket.write(`CONNECT ${port}\n`);
  });
}
