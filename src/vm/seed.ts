import { rename, rm, writeFile } from 'node:fs/promises';
import { BangerError, systemCodeOf } from '../common/errors.ts';
import type { KeyPair } from '../guest/key-pair.ts';

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

interface Entry {
  name: string;
  mode: number;
  content: string;
}

const block = 512;
/** What tar(1) reads and writes at a time; a block device must be at least that long for some of them. */
const record = 20 * block;

/**
 * Writes the seed, a tar that the initrd reads as a block device. The same seed gives the same bytes. The
 * file holds a private key: only its owner may read it. It appears at once and whole.
 * @throws InvalidArgs for what a line of a file cannot hold, DiskFull
 */
export async function writeSeed(path: string, seed: Seed): Promise<void> {
  const archive = tar(entries(seed));
  const temporary = `${path}.new`;
  try {
    await rm(temporary, { force: true });
    await writeFile(temporary, archive, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if (systemCodeOf(error) !== 'ENOSPC' && systemCodeOf(error) !== 'EDQUOT') throw error;
    throw new BangerError('DiskFull', `there is no space left for ${path}; free some and try again`);
  }
}

function entries(seed: Seed): Entry[] {
  const environment = Object.entries(seed.environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new BangerError('InvalidArgs', `${JSON.stringify(name)} is no name of an environment variable`);
    }
    return `${name}=${value}`;
  });
  return [
    { name: 'authorized_keys', mode: 0o600, content: lines('a public key', seed.authorizedKeys) },
    { name: 'ssh_host_ed25519_key', mode: 0o600, content: seed.hostKey.privateKey },
    {
      name: 'ssh_host_ed25519_key.pub',
      mode: 0o644,
      content: lines('a public key', [seed.hostKey.publicKey]),
    },
    { name: 'hostname', mode: 0o644, content: lines('a host name', [seed.hostname]) },
    { name: 'machine-id', mode: 0o444, content: lines('a machine id', [seed.machineId]) },
    { name: 'environment', mode: 0o644, content: lines('an environment variable', environment) },
  ];
}

function lines(what: string, texts: readonly string[]): string {
  const bad = texts.some((text) => /[\0\r\n]/.test(text));
  if (bad) throw new BangerError('InvalidArgs', `${what} cannot hold a line end or a NUL character`);
  return texts.map((text) => `${text}\n`).join('');
}

/** An archive in the ustar format of POSIX pax, all its files root's and from 1970. */
function tar(files: readonly Entry[]): Buffer {
  const parts = files.flatMap(({ name, mode, content }) => {
    const body = Buffer.from(content);
    return [header(name, mode, body.length), body, Buffer.alloc(padding(body.length, block))];
  });
  const length = parts.reduce((sum, part) => sum + part.length, 0) + 2 * block;
  return Buffer.concat([...parts, Buffer.alloc(2 * block + padding(length, record))]);
}

function header(name: string, mode: number, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  bytes.write(name, 0, 100, 'ascii');
  bytes.write(octal(mode, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.write('0', 156);
  bytes.write('ustar\x0000', 257, 'latin1');
  bytes.write('root', 265);
  bytes.write('root', 297);
  // The checksum counts its own field as spaces.
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return bytes;
}

function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit;
}
