import { randomInt } from 'node:crypto';
import { BangerError } from '../common/errors.ts';

/** RFC 1123: a DNS label of lower-case letters, digits and inner hyphens. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const adjectives = [
  'amber',
  'bold',
  'brisk',
  'calm',
  'clever',
  'crisp',
  'deft',
  'eager',
  'fair',
  'fleet',
  'gentle',
  'glad',
  'hardy',
  'keen',
  'lively',
  'lucid',
  'mellow',
  'nimble',
  'placid',
  'plucky',
  'quick',
  'quiet',
  'rapid',
  'sleek',
  'spry',
  'steady',
  'stout',
  'sunny',
  'swift',
  'tidy',
  'vivid',
  'wry',
];
const nouns = [
  'badger',
  'beaver',
  'bison',
  'crane',
  'dingo',
  'egret',
  'falcon',
  'ferret',
  'finch',
  'gecko',
  'heron',
  'ibex',
  'jackal',
  'koala',
  'lemur',
  'lynx',
  'marten',
  'newt',
  'ocelot',
  'otter',
  'panda',
  'puffin',
  'quail',
  'raven',
  'robin',
  'seal',
  'shrew',
  'stoat',
  'tapir',
  'vole',
  'walrus',
  'wombat',
];

/** Checks the name of a VM. @throws InvalidName */
export function checkName(name: string): string {
  if (label.test(name)) return name;
  throw new BangerError('InvalidName', `${JSON.stringify(name.slice(0, 80))} cannot name a VM`, {
    remedy: 'use up to 63 lower-case letters, digits and hyphens, such as web-1',
  });
}

/** An adjective-noun name that is not taken yet. */
export function pickName(isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const suffix = attempt < 20 ? '' : `-${randomInt(1_000_000)}`;
    const name = `${adjectives[randomInt(adjectives.length)]}-${nouns[randomInt(nouns.length)]}${suffix}`;
    if (!isTaken(name)) return name;
  }
}
