import { BangerError } from '../../common/errors.ts';
import { printable } from '../../common/text.ts';
import type { PathNames } from './tree.ts';

/** Linux opens no longer path. */
const maxPathLength = 4096;
const slash = 0x2f;

/**
 * Finds the place of an entry that a guest sent, if it was asked for: a source, or what is below it.
 * @param name as it stands in the archive
 * @param asked the name of the source; `.` for the contents of a directory
 * @param arrival the name that the source gets here
 * @throws GuestFailed for any other name; nothing of the archive is to be trusted then
 */
export function resolvePlace(name: Buffer, asked: string, arrival: string): PathNames {
  const names = componentsOf(name);
  const isClean = names.every((each) => each.length > 0 && !isDots(each));
  if (!isClean || name.length > maxPathLength || name.includes(0)) throw notAsked(name);
  if (asked === '.') return names;
  const [first, ...rest] = names;
  if (!first?.equals(Buffer.from(asked))) throw notAsked(name);
  return [Buffer.from(arrival), ...rest];
}

/** The names between slashes, without `./` in front and a slash behind, which tar writes itself. */
function componentsOf(name: Buffer): Buffer[] {
  let rest = name.at(-1) === slash ? name.subarray(0, -1) : name;
  while (rest[0] === 0x2e && (rest.length === 1 || rest[1] === slash)) rest = rest.subarray(2);
  if (rest.length === 0) return name[0] === slash ? [rest] : [];
  const names: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = rest.indexOf(slash, at);
    names.push(Buffer.from(rest.subarray(at, end < 0 ? rest.length : end)));
    if (end < 0) return names;
    at = end + 1;
  }
}

function isDots(name: Buffer): boolean {
  return name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'));
}

function notAsked(name: Buffer): BangerError {
  return new BangerError(
    'GuestFailed',
    `the guest sent ${JSON.stringify(printable(name.toString(), 200))}, which was not asked for`,
    { remedy: 'the copy was stopped, and nothing outside of the target was written' },
  );
}
