/**
 * The names of interfaces carry the uid of who has them, so that what is there tells whose it is and what is left
 * over is found. A name has 15 bytes at most, a uid up to ten digits.
 */
import { BangerError } from '../common/errors.ts';

/** nftables' patterns for all bridges and all taps of all users. */
export const anyBridge = 'bngr*';
export const anyTap = 'bgt*';
/** A letter and a digit of 36 tell a user's taps apart. */
export const maxTaps = 250;

/** What an interface of ours is. `resolver` is the end of a veth pair that resolved's settings stand on. */
export type NetdObject = 'bridge' | 'tap' | 'resolver';

const patterns: Readonly<Record<NetdObject, RegExp>> = {
  bridge: /^bngr(0|[1-9]\d{0,9})$/,
  tap: /^bgt(0|[1-9]\d{0,9})[a-g][0-9a-z]$/,
  resolver: /^bdns(0|[1-9]\d{0,9})$/,
};

export function bridgeName(uid: number): string {
  return `bngr${uid}`;
}

/** @param index below `maxTaps` */
export function tapName(uid: number, index: number): string {
  const letter = String.fromCharCode('a'.charCodeAt(0) + Math.floor(index / 36));
  return `bgt${uid}${letter}${(index % 36).toString(36)}`;
}

export function resolverName(uid: number): string {
  return `bdns${uid}`;
}

/** The other end of the resolver's pair. */
export function resolverPeer(uid: number): string {
  return `bdnp${uid}`;
}

/** What an interface of this name is and whose; nothing if it is none of ours. */
export function readName(name: string): { kind: NetdObject; uid: number } | undefined {
  for (const [kind, pattern] of Object.entries(patterns) as [NetdObject, RegExp][]) {
    const uid = Number(pattern.exec(name)?.[1] ?? Number.NaN);
    if (uid <= 0xffff_fffe) return { kind, uid };
  }
  return undefined;
}

/** @throws AccessDenied unless this is a name that a tap of this user can have */
export function requireOwnTap(uid: number, name: string): void {
  const read = readName(name);
  if (read?.kind === 'tap' && read.uid === uid) return;
  throw new BangerError('AccessDenied', `${JSON.stringify(name.slice(0, 40))} is not one of your taps`, {
    remedy: 'list yours with ListTaps',
  });
}
