import { type SshConnection, sshOptions } from '../../common/ssh.ts';

/**
 * The arguments of ssh for a session.
 * @param logFile where ssh writes what it does, instead of stderr, which is the guest's
 * @param tty whether the guest's program gets a terminal
 */
export function sshArguments(
  connection: SshConnection,
  logFile: string,
  tty: boolean,
  remoteCommand: string | undefined,
): string[] {
  return [
    // The exit status that the guest gave stands only in a log of this level.
    ...['-E', logFile, '-o', 'LogLevel=DEBUG1'],
    ...sshOptions(connection, !tty),
    ...[tty ? '-tt' : '-T', '--', connection.host],
    ...(remoteCommand === undefined ? [] : [remoteCommand]),
  ];
}
