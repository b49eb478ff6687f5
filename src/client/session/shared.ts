import { connect } from 'node:net';
import { BangerError, getSystemCode } from '../../common/errors.ts';
import { execute } from '../../common/exec.ts';
import { sessionEnvironment } from '../../ssh/guest-variables.ts';
import type { GuestAccess } from './access.ts';
import { masterArguments } from './arguments.ts';
import { ambiguousStatus, lastSaid, SessionLost } from './outcome.ts';

/** How long a connection stays when no session uses it: for the VM it is somebody who uses it. */
const idleSeconds = 60;
/** ssh itself gives up earlier, but may first ask for the passphrase of a key. */
const connectTimeoutMs = 180_000;
/** The address of a unix socket holds 107 bytes, and ssh adds 17 to the path while it makes the socket. */
const maxSocketPathLength = 90;

/**
 * The socket of the connection that all sessions with a VM share, because a handshake is what takes longest.
 * Opens it first where there is none; it then lives on by itself, and ends with the VM's run or when idle.
 * @param interactive whether the user can be asked for the passphrase of a key
 * @returns nothing where sessions cannot share one, and each is to connect by itself
 * @throws SessionLost if the guest does not let us in, HostNotReady if there is no ssh, Timeout, Cancelled
 */
export async function sharedConnection(
  access: GuestAccess,
  interactive: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { controlPath } = access;
  if (controlPath === undefined || Buffer.byteLength(controlPath) > maxSocketPathLength) return undefined;
  const present = await listenerAt(controlPath);
  if (present === 'none') await open(access, controlPath, interactive, signal);
  return present === 'stuck' ? undefined : controlPath;
}

/** Checks whether somebody listens on a unix socket; a file without a listener is nobody, a full queue is stuck. */
export function listenerAt(path: string): Promise<'there' | 'none' | 'stuck'> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve('there');
    });
    socket.on('error', (error) => {
      const code = getSystemCode(error);
      resolve(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'none' : 'stuck');
    });
  });
}

async function open(
  access: GuestAccess,
  controlPath: string,
  interactive: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { status, stderr } = await execute({
    file: 'ssh',
    args: masterArguments(access, controlPath, idleSeconds, !interactive),
    env: sessionEnvironment(),
    // What stays in the background must not keep the user's directory in use.
    cwd: '/',
    timeoutMs: connectTimeoutMs,
    signal,
  });
  if (signal.aborted) throw new BangerError('Cancelled', 'interrupted');
  if (status === ambiguousStatus && (await listenerAt(controlPath)) !== 'there') {
    throw new SessionLost(lastSaid(stderr.split(/\r?\n/)) ?? 'ssh gave no reason', false);
  }
}
