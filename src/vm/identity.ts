import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { BangerError, getProblem } from '../common/errors.ts';
import { type KeyPair, makeKeyPair } from '../ssh/key-pair.ts';

/** What makes a VM this one and no other; made once and kept as long as the VM. */
export interface Identity {
  /** As in machine-id(5): 32 hexadecimal digits. */
  machineId: string;
  hostKey: KeyPair;
}

/**
 * Makes the identity of a new VM.
 * @param hostname goes into the host key's comment
 * @throws HostNotReady, CommandFailed
 */
export async function makeIdentity(hostname: string): Promise<Identity> {
  return { machineId: randomMachineId(), hostKey: await makeKeyPair(`root@${hostname}`) };
}

/** A random machine id which, as systemd's own are, is also a valid UUID of version 4. */
export function randomMachineId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex');
}

/** The hardware address of a VM's network interface: locally administered, always the same for an id. */
export function macAddress(id: string): string {
  const tail = createHash('sha256').update(`banger-mac-${id}`).digest('hex').slice(0, 10);
  return `02${tail}`.replace(/..(?!$)/g, '$&:');
}

/** Keeps a VM's identity in a private file. */
export async function saveIdentity(path: string, identity: Identity): Promise<void> {
  await writeFile(path, JSON.stringify(identity), { mode: 0o600, flush: true });
}

/** @throws ImageDamaged if the file is not there or not whole */
export async function loadIdentity(path: string): Promise<Identity> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Identity;
  } catch (error) {
    throw new BangerError('ImageDamaged', `${path} is damaged: ${getProblem(error)}`, {
      remedy: 'delete the VM and make it again',
    });
  }
}
