import { join } from 'node:path';

/** How the ssh client reaches a VM, as VM1.SSH tells it. */
export interface SshConnection {
  host: string;
  port: number;
  user: string;
  identityFile: string;
  knownHostsFile: string;
  hostKeyAlias: string;
}

/**
 * The algorithms for a connection to a guest: the cheapest of each kind, which in an emulated guest is most of
 * a connection's cost. An sshd without OpenSSL has no gcm.
 */
export const sshAlgorithms = {
  hostKey: ['ssh-ed25519'],
  kex: ['curve25519-sha256'],
  ciphers: ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr', 'aes256-ctr'],
} as const;

/** Finds where the daemon keeps what the user's own ssh includes: one block for each VM. */
export function sshConfigFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'ssh_config');
}

/**
 * The options of ssh_config(5) by which any OpenSSH client lets itself in to a VM and knows it again, without
 * the address. Pairs of a name and a value, quoted as a configuration file wants it.
 */
export function accessOptions(connection: SshConnection): [name: string, value: string][] {
  return [
    ['IdentityFile', fileValue(connection.identityFile)],
    ['IdentitiesOnly', 'yes'],
    ['PreferredAuthentications', 'publickey'],
    ['UserKnownHostsFile', fileValue(connection.knownHostsFile)],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['HostKeyAlias', connection.hostKeyAlias],
    ['StrictHostKeyChecking', 'yes'],
    ['UpdateHostKeys', 'no'],
    ['HostKeyAlgorithms', sshAlgorithms.hostKey.join(',')],
    ['KexAlgorithms', sshAlgorithms.kex.join(',')],
    ['Ciphers', sshAlgorithms.ciphers.join(',')],
    ['IPQoS', 'none'],
    // A guest under emulation on a busy host is slow; one that does not answer for this long is gone.
    ['ConnectTimeout', '60'],
    ['ServerAliveInterval', '30'],
    ['ServerAliveCountMax', '4'],
  ];
}

/**
 * The options of the OpenSSH client for a VM; what follows are the destination and the command.
 *
 * Neither the user's nor the system's ssh configuration is read: a `Host *` there with a jump host, a
 * control socket, a forced command or forwarded variables would break banger or leak into the guest.
 * `banger ssh-config` serves those who want theirs. Options given before these win over them.
 * @param batch never ask for anything, such as a passphrase: true where there is no terminal
 */
export function sshOptions(connection: SshConnection, batch: boolean): string[] {
  const options = [
    ['BatchMode', batch ? 'yes' : 'no'],
    ...accessOptions(connection),
    ['ControlMaster', 'no'],
    ['ControlPath', 'none'],
    ['LogLevel', 'ERROR'],
  ];
  return [
    ...['-F', 'none'],
    ...options.flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...['-p', String(connection.port), '-l', connection.user],
  ];
}

/** A path as a value of ssh_config(5): quoted, and without the tokens that start with a percent sign. */
export function fileValue(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}
