import type { Connection } from './remote.ts';

/** How long a guest that runs may take to answer, in seconds; under emulation and load it is slow. */
const connectTimeout = 60;

/**
 * The arguments of ssh for a VM. Nothing of the user's or the system's ssh configuration applies, so that
 * a sandbox is reached in the same way on every machine.
 * @param logFile where ssh writes what it does, instead of stderr, which is the guest's
 * @param tty whether the guest's program gets a terminal
 */
export function sshArguments(
  connection: Connection,
  logFile: string,
  tty: boolean,
  remoteCommand: string | undefined,
): string[] {
  const options = [
    `IdentityFile=${fileValue(connection.identityFile)}`,
    'IdentitiesOnly=yes',
    `UserKnownHostsFile=${fileValue(connection.knownHostsFile)}`,
    'GlobalKnownHostsFile=none',
    `HostKeyAlias=${connection.hostKeyAlias}`,
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    'BatchMode=yes',
    'PreferredAuthentications=publickey',
    'KexAlgorithms=curve25519-sha256',
    // An sshd without OpenSSL has no gcm.
    'Ciphers=aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr',
    'IPQoS=none',
    `ConnectTimeout=${connectTimeout}`,
    'ServerAliveInterval=30',
    'ServerAliveCountMax=4',
    // The exit status that the guest gave stands only there.
    'LogLevel=DEBUG1',
  ];
  return [
    '-F',
    'none',
    '-E',
    logFile,
    ...options.flatMap((option) => ['-o', option]),
    '-p',
    String(connection.port),
    '-l',
    connection.user,
    tty ? '-tt' : '-T',
    '--',
    connection.host,
    ...(remoteCommand === undefined ? [] : [remoteCommand]),
  ];
}

/** A path as a value of ssh_config(5): quoted, and without the tokens that start with a percent sign. */
function fileValue(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}
