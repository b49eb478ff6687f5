import { createConnection } from 'node:net';
import { join } from 'node:path';
import { BangerError, systemCodeOf } from '../common/errors.ts';

const answerDeadlineMs = 5_000;
const maxAnswer = 1024;

/** The socket on which the namespace of a VM takes orders; host/netns-exec/control.c answers. */
export function namespaceSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'netns.sock');
}

/**
 * Has the namespace of a VM do something: `nat on`, `nat off`, `deny ADDRESS/BITS`.
 * @throws HostNotReady if it refuses or is gone, Timeout
 */
export async function tellNamespace(socketPath: string, order: string): Promise<void> {
  const answer = await exchange(socketPath, `${order}\n`);
  if (answer === 'done\n') return;
  throw gone(answer === '' ? 'it closed the connection' : answer.trim());
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
      reject(error instanceof BangerError ? error : gone(systemCodeOf(error) ?? error.message)),
    );
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(answer);
    });
  });
}

function gone(why: string): BangerError {
  return new BangerError(
    'HostNotReady',
    `the VM's network cannot be changed (${why}); stop and start the VM`,
  );
}
