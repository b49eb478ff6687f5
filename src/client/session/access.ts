import { BangerError } from '../../common/errors.ts';
import { guestCommand } from '../../ssh/guest-command.ts';
import type { SshConnection } from '../../ssh/options.ts';
import type { Client, VmProxy } from '../client.ts';

/** How to reach a guest, and where sessions with it may share one connection, if they may. */
export interface GuestAccess extends SshConnection {
  controlPath: string | undefined;
}

/** Asks a running VM how to reach it. @throws NotRunning, GuestUnreachable, and Internal for an answer that makes no sense */
export async function getGuestAccess({ host }: Pick<Client, 'host'>, vm: VmProxy): Promise<GuestAccess> {
  const told: Record<string, unknown> = await vm.call('SSH');
  const text = (key: string) => {
    const value = told[key];
    if (typeof value === 'string' && value !== '') return value;
    throw new BangerError('Internal', `the daemon reported no ${key} for ssh`, {
      remedy: 'restart it with `banger daemon stop`',
    });
  };
  const port = told.port;
  if (typeof port !== 'number') throw new BangerError('Internal', 'the daemon reported no port for ssh');
  return await host.resolveAccess({
    host: text('host'),
    port,
    user: text('user'),
    identityFile: text('identity_file'),
    knownHostsFile: text('known_hosts_file'),
    hostKeyAlias: text('host_key_alias'),
    controlPath: told.control_path ? text('control_path') : undefined,
  });
}

/** The remote command that opens a login shell in a directory. */
export function shellIn(directory: string): string {
  return guestCommand(['sh', '-c', 'exec "$SHELL" -l'], { cwd: directory });
}

/**
 * The remote command of `ssh host words…`: the words joined, for the login shell to read. A shell that a
 * signal ended gives 128 plus the signal, where ssh alone would say 255.
 */
export function shellCommand(words: readonly string[]): string {
  return guestCommand(['sh', '-c', 'exec "$SHELL" -c "$1"', 'sh', words.join(' ')]);
}
