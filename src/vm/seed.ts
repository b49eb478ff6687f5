import { open, rename, rm } from 'node:fs/promises';
import { BangerError, getSystemCode } from '../common/errors.ts';
import type { KeyPair } from '../ssh/key-pair.ts';
import { type TarEntry, writeTar } from '../tar/write.ts';

/** What a guest is told before it starts. */
export interface Seed {
  hostname: string;
  machineId: string;
  hostKey: KeyPair;
  /** Public keys, one line each. */
  authorizedKeys: readonly string[];
  /** For every command: names and values. */
  environment: Readonly<Record<string, string>>;
}

/**
 * Writes the seed, a tar that the initrd reads as a block device, and the user's files as a second one
 * behind it: the seed goes to the guest's memory, which has no room for them. What is written holds private
 * keys: only its owner may read it. It appears at once and whole.
 * @param files what the user's files are; none where absent
 * @returns where the second archive begins, in bytes
 * @throws InvalidArgs for what a line of a file cannot hold, DiskFull, and what reading `files` throws
 */
export async function writeSeed(
  path: string,
  seed: Seed,
  files?: AsyncIterable<TarEntry>,
): Promise<{ filesAt: number }> {
  const temporary = `${path}.new`;
  try {
    const own = entries(seed);
    await rm(temporary, { force: true });
    await using file = await open(temporary, 'wx', 0o600);
    const filesAt = await writeTar(file, own);
    if (files) await writeTar(file, files);
    await rename(temporary, path);
    return { filesAt };
  } catch (error) {
    await rm(temporary, { force: true });
    if (getSystemCode(error) !== 'ENOSPC' && getSystemCode(error) !== 'EDQUOT') throw error;
    throw new BangerError('DiskFull', `there is no space left for ${path}`, {
      remedy: 'free some and try again',
    });
  }
}

function entries(seed: Seed): TarEntry[] {
  const environment = Object.entries(seed.environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new BangerError(
        'InvalidArgs',
        `${JSON.stringify(name)} is not the name of an environment variable`,
      );
    }
    return `${name}=${value}`;
  });
  const file = (name: string, mode: number, content: string): TarEntry => ({
    kind: 'file',
    name,
    mode,
    content,
  });
  return [
    file('authorized_keys', 0o600, lines('a public key', seed.authorizedKeys)),
    file('ssh_host_ed25519_key', 0o600, seed.hostKey.privateKey),
    file('ssh_host_ed25519_key.pub', 0o644, lines('a public key', [seed.hostKey.publicKey])),
    file('hostname', 0o644, lines('a host name', [seed.hostname])),
    file('machine-id', 0o444, lines('a machine id', [seed.machineId])),
    file('environment', 0o644, lines('an environment variable', environment)),
  ];
}

function lines(what: string, texts: readonly string[]): string {
  const bad = texts.some((text) => /[\0\r\n]/.test(text));
  if (bad) throw new BangerError('InvalidArgs', `${what} cannot hold a line end or a NUL character`);
  return texts.map((text) => `${text}\n`).join('');
}
