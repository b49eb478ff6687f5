import { randomInt } from 'node:crypto';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const alphabet = `${letters}0123456789`;

/**
 * A new id: ten characters of [a-z0-9], the first a letter, so that it may stand in object paths, unit names, file
 * names and host names alike.
 */
export function newId(): string {
  const rest = Array.from({ length: 9 }, () => alphabet[randomInt(alphabet.length)]);
  return `${letters[randomInt(letters.length)]}${rest.join('')}`;
}
