import { readFile } from 'node:fs/promises';
import type { Client } from 'ssh2';
import { BangerError, getProblem } from '../common/errors.ts';
import { foreignWords, printable } from '../common/text.ts';
import { type SshConnection, sshAlgorithms } from '../ssh/options.ts';
import { boundedSocket, hasFlooded } from './ssh-socket.ts';

/** A handshake takes a second of an emulated guest's time, and more of a busy one's. */
const connectTimeoutMs = 60_000;
/** A guest that does not answer so many of these, one after the other, is gone. */
const keepaliveMs = 30_000;
const keepalives = 4;

/**
 * Opens a connection to the sshd of a guest. It is alive until it emits `close`.
 * @throws GuestUnreachable, also for another host key than the VM's own; Timeout; InvalidConfig for a key of
 * the user's that cannot be used without asking; HostNotReady
 */
export async function connectSsh(connection: SshConnection): Promise<Client> {
  // Most of the daemon's runs never need it, and it takes as long to load as all the rest.
  const { default: ssh2 } = await import('ssh2');
  const [privateKey, hostKey] = await Promise.all([readUserKey(connection), readHostKey(connection)]);
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw unusableKey(connection.identityFile, parsed);
  const client = new ssh2.Client();
  const connected = Promise.withResolvers<Client>();
  client.on('ready', () => {
    client.setNoDelay(true);
    connected.resolve(client);
  });
  // What happens later ends in `close`, which those who use the connection look for.
  client.on('error', (error) => connected.reject(asBangerError(error, connection)));
  client.on('close', () =>
    connected.reject(unreachable(whyClosed(client, 'the guest closed the connection'))),
  );
  client.connect({
    sock: boundedSocket(client, connection),
    username: connection.user,
    privateKey,
    authHandler: ['publickey'],
    hostVerifier: (key: Buffer) => key.equals(hostKey),
    algorithms: {
      kex: [...sshAlgorithms.kex],
      serverHostKey: [...sshAlgorithms.hostKey],
      cipher: [...sshAlgorithms.ciphers],
    },
    readyTimeout: connectTimeoutMs,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: keepalives,
  });
  try {
    return await connected.promise;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** @param why from ssh2 or from the guest, so of any content */
export function unreachable(why: string, remedy?: string): BangerError {
  return new BangerError('GuestUnreachable', 'ssh to the guest failed', {
    details: foreignWords(why, 500),
    remedy,
  });
}

/** Explains why a connection has ended. @param otherwise what is said if nothing is known */
export function whyClosed(client: Client, otherwise: string): string {
  return hasFlooded(client) ? 'it was ended because the guest sends over it without end' : otherwise;
}

async function readUserKey({ identityFile }: SshConnection): Promise<Buffer> {
  try {
    return await readFile(identityFile);
  } catch (error) {
    throw new BangerError(
      'InvalidConfig',
      `the ssh key ${identityFile} cannot be read: ${getProblem(error)}`,
      { remedy: 'see ssh_key_path' },
    );
  }
}

/** The host key that the VM was given, from its known_hosts. */
async function readHostKey({ knownHostsFile, hostKeyAlias }: SshConnection): Promise<Buffer> {
  const text = await readFile(knownHostsFile, 'utf8').catch(() => '');
  const line = text.split('\n').find((each) => each.startsWith(`${hostKeyAlias} `));
  const key = line?.split(' ')[2];
  if (key) return Buffer.from(key, 'base64');
  throw new BangerError('HostNotReady', `${knownHostsFile} does not hold the VM's host key`, {
    remedy: 'stop the VM and start it again',
  });
}

function unusableKey(path: string, error: Error): BangerError {
  const why = /encrypted/i.test(error.message)
    ? 'it has a passphrase, and bangerd cannot ask for it'
    : printable(error.message, 200);
  return new BangerError('InvalidConfig', `bangerd cannot use the ssh key ${path}: ${why}`, {
    remedy: 'set ssh_key_path to an ed25519, ECDSA or RSA key without one, or leave it out',
  });
}

function asBangerError(
  error: Error & { level?: string },
  { identityFile, host, port }: SshConnection,
): BangerError {
  switch (error.level) {
    case 'client-timeout':
      return new BangerError('Timeout', `the guest did not let ssh in within ${connectTimeoutMs / 1000} s`);
    case 'client-authentication':
      return unreachable(
        `it refused the key ${identityFile}`,
        'if ssh_key_path has changed, stop the VM and start it again',
      );
    case 'handshake':
      return /host denied/i.test(error.message)
        ? unreachable(
            `${host}:${port} answers with another host key than the VM's own`,
            'stop the VM and start it again',
          )
        : unreachable(error.message);
    default:
      return unreachable(error.message);
  }
}
