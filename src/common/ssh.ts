import { join } from 'node:path';
import { BangerError } from './errors.ts';
import { runnerWords, runProgram } from './guest-runner.ts';
import { type GuestRun, guestWords } from './guest-script.ts';
import { firstPart } from './guest-variables.ts';

/** How the ssh client reaches a VM, as VM1.SSH tells it. */
export interface SshConnection {
  host: string;
  port: number;
  user: string;
  identityFile: string;
  knownHostsFile: string;
  hostKeyAlias: string;
}

/** Linux takes no longer single argument, the byte that ends it included (MAX_ARG_STRLEN). */
const maxArgument = 128 * 1024 - 1;

/**
 * The name by which a VM's host key stands in known_hosts: addresses and ports are used again by others.
 * @param id the VM's
 */
export function hostKeyAlias(id: string): string {
  return `banger-${id}`;
}

/**
 * The line of known_hosts for a VM, with its line end.
 * @param publicKey as ssh-keygen writes it: `ssh-ed25519 AAAA… comment`
 */
export function knownHostsLine(id: string, publicKey: string): string {
  const [type = '', key = ''] = publicKey.trim().split(/\s+/);
  return `${hostKeyAlias(id)} ${type} ${key}\n`;
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

/** Where the daemon keeps what the user's own ssh includes: one block for each VM. */
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

/**
 * The remote command that runs a program with exactly these arguments, which no shell interprets, and
 * gives its exit status or, of one that a signal ended, 128 plus the signal (ssh alone says 255 then).
 *
 * What is sent to a guest is a string for root's login shell. It is read alike by the POSIX shells and
 * fish, and hands over at once: to banger's own program there, or to sh where that is not. A guest that an older
 * banger started has none until its next start.
 * @param run its variables are not in the line, which all users of the host can see: the session brings them
 * @throws InvalidArgs for what no command line can hold
 */
export function guestCommand(argv: readonly string[], run: GuestRun = {}): string {
  const words = guestWords(argv, run);
  if (argv.length === 0 || argv[0] === '') throw new BangerError('InvalidArgs', 'there is no command to run');
  if (words.some((word) => word.includes('\0'))) {
    throw new BangerError('InvalidArgs', 'an argument of a command cannot hold a NUL character');
  }
  const runner = runnerWords(argv, run);
  const command = hasVariables(run) ? ifVariablesArrived(runner ?? words) : execLine(words);
  if (runner && !hasVariables(run)) {
    // What is too long to be said in both ways is said in the one that always works.
    const both = `test -x ${runProgram} && ${execLine(runner)}; ${command}`;
    if (Buffer.byteLength(both) <= maxArgument) return both;
  }
  if (Buffer.byteLength(command) > maxArgument) {
    throw new BangerError(
      'InvalidArgs',
      'the command is longer than 128 KiB; put it or its data in a file, or on standard input',
    );
  }
  return command;
}

function hasVariables({ variables = {} }: GuestRun): boolean {
  return Object.keys(variables).length > 0;
}

/** A line that runs this, or says that the sshd of the guest kept the variables away; then the status is 125. */
function ifVariablesArrived(words: readonly string[]): string {
  const why =
    'the sshd of this guest accepts no variables: restart the VM if an older banger started it or has a session in it; otherwise its sshd_config has to include /etc/ssh/banger/*.conf';
  const refusal = ['sh', '-c', 'echo "$1" >&2; exit 125', 'sh', why];
  return `test -n "$${firstPart}" && ${execLine(words)}; ${execLine(refusal)}`;
}

function execLine(words: readonly string[]): string {
  return `exec ${words.map(shellQuote).join(' ')}`;
}

/** One word that POSIX shells and fish read as exactly this text. */
export function shellQuote(text: string): string {
  // fish has escapes inside single quotes, so a backslash goes between double ones, as a quote does.
  return `'${text.replace(/['\\]+/g, (run) => `'"${run.replaceAll('\\', '\\\\')}"'`)}'`;
}

/** A path as a value of ssh_config(5): quoted, and without the tokens that start with a percent sign. */
export function fileValue(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
}
