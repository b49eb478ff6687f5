import { connect, type Socket } from 'node:net';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { maxSocketPath } from '../common/paths.ts';

/** The path of a machine's socket, if it can be one. @throws InvalidArgs if it is too long for sun_path, unix(7) */
export function checkedSocket(path: string): string {
  const length = Buffer.byteLength(path);
  if (length <= maxSocketPath) return path;
  throw new BangerError(
    'InvalidArgs',
    `the path of a socket is too long: ${path} has ${length} bytes of ${maxSocketPath}`,
    { remedy: 'set XDG_RUNTIME_DIR to a shorter one' },
  );
}

/** Connects to a unix socket; nothing if there is none or nobody listens on it. @throws HostNotReady */
export function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      if (isUnheard(error)) resolve(undefined);
      else reject(new BangerError('HostNotReady', `cannot connect to ${path}: ${error.message}`));
    });
  });
}

/** Checks whether connecting to a unix socket failed because nobody listens on it. */
export function isUnheard(error: unknown): boolean {
  const code = getSystemCode(error);
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}
