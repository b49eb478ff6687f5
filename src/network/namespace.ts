import { createConnection } from 'node:net';
import { join } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';

const answerDeadlineMs = 5_000;
const maxAnswer = 1024;

/** The socket on which the namespace of a VM takes orders; host/netns-exec/control.c answers. */
export function namespaceSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'netns.sock');
}

/**
 * Has the namespace of a VM do something. The orders are in host/netns-exec/control.h.
 * @returns the words after `done`
 * @throws HostNotReady if it refuses or is gone, InUse if somebody has the port, Timeout
 */
export async function tellNamespace(socketPath: string, order: string): Promise<string[]> {
  const answer = (await exchange(socketPath, `${order}\n`)).trimEnd();
  const [done, ...words] = answer.split(' ');
  if (done === 'done') return words;
  // As strerror(3) has EADDRINUSE.
  if (answer === 'Address already in use')
    throw new BangerError('InUse', `another program has the port of ${order}`);
  throw gone(answer === '' ? 'it closed the connection' : answer);
}

function exchange(path: string, order: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = createConnection(path, () => socket.write(order));
    const deadline = setTimeout(
      () => socket.destroy(new BangerError('Timeout', "the VM's network did not answer within 5 s")),
      answerDeadlineMs,
    );
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > maxAnswer) socket.destroy(gone('its answer has no end'));
    });
    socket.on('error', (error) =>
      reject(error instanceof BangerError ? error : gone(getSystemCode(error) ?? error.message)),
    );
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(answer);
    });
  });
}

function gone(why: string): BangerError {
  return new BangerError('HostNotReady', `the VM's network cannot be changed (${why})`, {
    remedy: 'stop and start the VM',
  });
}
