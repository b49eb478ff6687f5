import { BangerError } from '../../common/errors.ts';
import { guestCommand, shellQuote } from '../../common/ssh.ts';
import type { Vm } from '../client.ts';

/** How the ssh client reaches a VM, as VM1.SSH tells it. */
export interface Connection {
  host: string;
  port: number;
  user: string;
  identityFile: string;
  knownHostsFile: string;
  hostKeyAlias: string;
}

/** Asks a running VM how to reach it. @throws NotRunning, GuestUnreachable, and Internal for an answer that makes no sense */
export async function connectionOf(vm: Vm): Promise<Connection> {
  const told: Record<string, unknown> = await vm.call('SSH');
  const text = (key: string) => {
    const value = told[key];
    if (typeof value === 'string' && value !== '') return value;
    throw new BangerError(
      'Internal',
      `the daemon told no ${key} for ssh; restart it with \`banger daemon stop\``,
    );
  };
  const port = told.port;
  if (typeof port !== 'number') throw new BangerError('Internal', 'the daemon told no port for ssh');
  return {
    host: text('host'),
    port,
    user: text('user'),
    identityFile: text('identity_file'),
    knownHostsFile: text('known_hosts_file'),
    hostKeyAlias: text('host_key_alias'),
  };
}

/** The remote command that runs a program with exactly these arguments. */
export function commandIn(argv: readonly string[], cwd?: string): string {
  return guestCommand(argv, cwd === undefined ? {} : { cwd });
}

/** The remote command that opens a login shell in a directory; nothing where the home will do. */
export function shellIn(cwd: string | undefined): string | undefined {
  return cwd === undefined ? undefined : `cd ${shellQuote(cwd)} && exec "\${SHELL:-/bin/sh}" -l`;
}

/**
 * The remote command of `ssh host words…`: the words joined, for the login shell to read. The shell runs
 * inside another one, because sshd tells of a shell that a signal ended in a way that ssh reports as 255.
 */
export function shellCommand(words: readonly string[]): string {
  return `"\${SHELL:-/bin/sh}" -c ${shellQuote(words.join(' '))}; exit $?`;
}
