import { createHash, randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { execute } from '../common/exec.ts';
import { ownKeyFile } from '../common/paths.ts';
import { makePrivateDirectory } from '../common/private-directory.ts';
import { getReason } from '../common/system-error.ts';
import { findUser } from '../common/user.ts';
import { isPublicKey, makeKeyPair } from './key-pair.ts';

/** The key that opens this user's VMs. */
export interface UserKey {
  privateKeyFile: string;
  /** One line, as it stands in authorized_keys. */
  publicKey: string;
}

const timeoutMs = 20_000;
/**
 * The key that was last derived, and the digest of what from: every session asks for it, and ssh-keygen takes
 * longer than all the rest of an answer. The file is read and judged each time.
 */
let lastDerived: { from: string; publicKey: string } | undefined;

/**
 * The user's ssh key: the one that the configuration names, or banger's own below the configuration
 * directory, made at the first call. Several processes may call this at once; they get the same key.
 * @param configDirectory banger's own
 * @param configuredPath `ssh_key_path` of the configuration, absolute
 * @throws InvalidConfig for a configured key that cannot be used, HostNotReady
 */
export async function ensureUserKey(configDirectory: string, configuredPath?: string): Promise<UserKey> {
  if (configuredPath !== undefined) return readKey(configuredPath, `ssh_key_path ${configuredPath}`);
  const path = ownKeyFile(configDirectory);
  makePrivateDirectory(dirname(path));
  if (!(await exists(path))) await makeKey(path);
  const key = await readKey(path, `the key ${path}`);
  // Only for people and other programs: banger derives it.
  if (!(await exists(`${path}.pub`))) await replace(`${path}.pub`, `${key.publicKey}\n`);
  return key;
}

/** Makes a key unless another process is first: its private half appears at once and whole. */
async function makeKey(path: string): Promise<void> {
  const pair = await makeKeyPair('banger');
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, pair.privateKey, { mode: 0o600, flag: 'wx', flush: true });
    await link(temporary, path);
  } catch (error) {
    if (getSystemCode(error) === 'EEXIST') return;
    throw new BangerError('HostNotReady', `the ssh key ${path} cannot be made: ${getReason(error)}`);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readKey(path: string, name: string): Promise<UserKey> {
  const text = await readPrivate(path, name);
  const from = createHash('sha256').update(text).digest('hex');
  if (lastDerived?.from === from) return { privateKeyFile: path, publicKey: lastDerived.publicKey };
  const args = ['-y', '-P', '', '-f', path];
  const outcome = await execute({ file: 'ssh-keygen', args, timeoutMs });
  const derived = outcome.stdout.trim();
  if (outcome.status === 0 && isPublicKey(derived)) {
    lastDerived = { from, publicKey: derived };
    return { privateKeyFile: path, publicKey: derived };
  }
  if (isPublicKey(text.trim())) {
    throw new BangerError('InvalidConfig', `${name} is a public key`, {
      remedy: 'give the private one, without .pub',
    });
  }
  if (!outcome.stderr.includes('incorrect passphrase')) {
    throw new BangerError('InvalidConfig', `${name} is not an OpenSSH private key`);
  }
  const beside = await readFile(`${path}.pub`, 'utf8').catch(() => '');
  if (isPublicKey(beside.trim())) return { privateKeyFile: path, publicKey: beside.trim() };
  throw new BangerError('InvalidConfig', `${name} is encrypted and there is no public key at ${path}.pub`, {
    remedy: `make it with \`ssh-keygen -y -f ${path} > ${path}.pub\``,
  });
}

/** Reads a private key, refusing what ssh would refuse without saying so to us. */
async function readPrivate(path: string, name: string): Promise<string> {
  const refuse = (why: string, remedy?: string) =>
    new BangerError('InvalidConfig', `${name} ${why}`, { remedy });
  try {
    const found = await stat(path);
    if (!found.isFile()) throw refuse('is not a file');
    if (found.uid === findUser().uid && (found.mode & 0o077) !== 0) {
      throw refuse('can be read by other users', `run \`chmod 600 ${path}\``);
    }
    if (found.size > 64 * 1024) throw refuse('is not an OpenSSH private key');
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof BangerError) throw error;
    throw getSystemCode(error) === 'ENOENT'
      ? refuse('does not exist')
      : refuse(`cannot be read: ${getReason(error)}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, text, { mode: 0o644 });
  await rename(temporary, path);
}
