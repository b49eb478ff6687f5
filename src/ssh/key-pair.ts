import { mkdtemp, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../common/exec.ts';

/** An ed25519 key in OpenSSH's own formats, without a passphrase. */
export interface KeyPair {
  /** The private key file's text. */
  privateKey: string;
  /** One line: `ssh-ed25519 AAAA… comment`, without a line end. */
  publicKey: string;
}

/** Makes a key with ssh-keygen. @throws HostNotReady if OpenSSH's client is not installed, CommandFailed */
export async function makeKeyPair(comment: string): Promise<KeyPair> {
  const directory = await mkdtemp(join(tmpdir(), 'banger-key-'));
  const file = join(directory, 'key');
  try {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file];
    await run({ file: 'ssh-keygen', args, timeoutMs: 20_000 });
    const [privateKey, publicKey] = await Promise.all([
      readFile(file, 'utf8'),
      readFile(`${file}.pub`, 'utf8'),
    ]);
    return { privateKey, publicKey: publicKey.trim() };
  } finally {
    for (const half of [file, `${file}.pub`]) await rm(half, { force: true });
    await rmdir(directory);
  }
}

/** Checks whether a text is one public key as it stands in a .pub file. */
export function isPublicKey(text: string): boolean {
  return /^(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$/.test(text);
}
