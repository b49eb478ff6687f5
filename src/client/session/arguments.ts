import { sentNames, shellNames } from '../../ssh/guest-variables.ts';
import { fileValue, type SshConnection, sshOptions } from '../../ssh/options.ts';

/** A session's way to the guest and what it has there. */
export interface SessionShape {
  /** Whether the guest's program gets a terminal. */
  tty: boolean;
  /** The socket of the connection that sessions share; without it the session connects by itself. */
  shared: string | undefined;
  /** Whether there are packed variables in ssh's environment to take along. */
  variables?: boolean;
  /** Whether the login shell reads the user's start files, as for any command of ssh. It never does for ours. */
  readsStartFiles?: boolean;
}

/**
 * What a session that connects by itself logs: how it ended, which `outcomeOf` reads. At a level at which ssh would log
 * that by itself it also passes on the banner of the guest's sshd, on stderr, where it looks like a note of ours.
 * OpenSSH before 8.5 does not know it, and then an exit status of 255 is taken for a broken connection.
 */
const loggedAlone = [
  ...['-o', 'LogLevel=ERROR', '-o', 'IgnoreUnknown=LogVerbose'],
  ...[
    '-o',
    'LogVerbose=*:client_loop():*,*:client_input_channel_req():*,*:server_alive_check():*,*:ssh_userauth2():*',
  ],
];

/**
 * The arguments of ssh for a session.
 * @param logFile where ssh writes what it does, instead of stderr, which is the guest's
 */
export function sshArguments(
  connection: SshConnection,
  logFile: string,
  { tty, shared, variables = false, readsStartFiles = false }: SessionShape,
  remoteCommand: string | undefined,
): string[] {
  return [
    ...['-E', logFile, ...(shared === undefined ? loggedAlone : ['-o', 'LogLevel=DEBUG2'])],
    // What comes first wins over what sshOptions says.
    ...(shared === undefined ? [] : ['-o', `ControlPath=${fileValue(shared)}`]),
    ...(variables ? ['-o', `SendEnv=${sentNames}`] : []),
    ...(readsStartFiles ? [] : ['-o', `SendEnv=${shellNames}`]),
    ...sshOptions(connection, !tty),
    ...[tty ? '-tt' : '-T', '--', connection.host],
    ...(remoteCommand === undefined ? [] : [remoteCommand]),
  ];
}

/**
 * The arguments of ssh that open a shared connection, unless another banger was faster, and see that the guest
 * lets us in. The connection stays in the background until nothing has used it for so long.
 */
export function masterArguments(
  connection: SshConnection,
  socket: string,
  idleSeconds: number,
  batch: boolean,
): string[] {
  return [
    ...['-o', 'ControlMaster=auto', '-o', `ControlPersist=${idleSeconds}`],
    // Of what a session asks it to send it sends only what it was told itself.
    ...['-o', `SendEnv=${sentNames} ${shellNames}`],
    ...['-o', `ControlPath=${fileValue(socket)}`, ...sshOptions(connection, batch)],
    ...['-T', '--', connection.host, 'exit 0'],
  ];
}
