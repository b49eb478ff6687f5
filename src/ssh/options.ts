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

/** Options of the last years; an older OpenSSH refuses a configuration with what it does not know. */
const recent: readonly (readonly [name: string, value: string])[] = [
  ['KnownHostsCommand', 'none'],
  ['PubkeyAcceptedAlgorithms', 'ssh-ed25519,ecdsa-sha2-*,sk-*,rsa-sha2-*'],
  ['RequiredRSASize', '1024'],
  ['ForkAfterAuthentication', 'no'],
  ['SessionType', 'default'],
  ['StdinNull', 'no'],
];

/**
 * The options of ssh_config(5) for a VM in the configuration of a user's own ssh, where a `Host *` may follow and where
 * the first value of an option counts. The VM is on this host, and nothing of the host is in it: what is said of all hosts
 * must neither shut its user out nor let it in here. A command line still may.
 */
export function hostOptions(connection: SshConnection): (readonly [name: string, value: string | number])[] {
  return [
    ['HostName', connection.host],
    ['Port', connection.port],
    ['User', connection.user],
    ...accessOptions(connection),
    // How it is reached. The first switches ProxyJump off too; `ProxyJump none` leaves a ProxyCommand.
    ['ProxyCommand', 'none'],
    ['AddressFamily', 'inet'],
    // It wins over BindInterface, which has no value for none.
    ['BindAddress', '0.0.0.0'],
    ['CanonicalizeHostname', 'no'],
    ['VerifyHostKeyDNS', 'no'],
    ['RevokedHostKeys', 'none'],
    // Who we are.
    ['PubkeyAuthentication', 'yes'],
    ['PKCS11Provider', 'none'],
    ['AddKeysToAgent', 'no'],
    // What is asked of the guest is what was typed.
    ['RemoteCommand', 'none'],
    ['RequestTTY', 'auto'],
    ['PermitLocalCommand', 'no'],
    ['Tunnel', 'no'],
    ['ExitOnForwardFailure', 'no'],
    ['ForwardAgent', 'no'],
    ['ForwardX11', 'no'],
    ['IgnoreUnknown', recent.map(([name]) => name).join(',')],
    ...recent,
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
