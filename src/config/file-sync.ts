import { posix } from 'node:path';

const guestHome = '/root';
/** Each is looked at before every start of a VM. */
export const maxFileSyncEntries = 100;

/**
 * A path on the host, as it was written.
 * @throws Error whose message goes on after the setting's name
 */
export function parseHostPath(text: string): string {
  checkPath(text, 'be an absolute path or begin with ~/');
  if (posix.normalize(text) === '/') throw new Error('is the whole host; name something in it');
  return text;
}

/**
 * A path in the guest, absolute and without needless slashes.
 * @throws Error whose message goes on after the setting's name
 */
export function parseGuestPath(text: string): string {
  const wanted = `begin with ~/ or ${guestHome}/`;
  checkPath(text, wanted);
  const absolute = posix.join(text.startsWith('~/') ? text.replace('~', guestHome) : text, '.');
  const normal = absolute.replace(/\/+$/, '');
  if (normal === guestHome) throw new Error(`is the guest's whole home directory; name something in it`);
  if (normal.startsWith(`${guestHome}/`)) return normal;
  throw new Error(`must ${wanted}, as nothing else of the guest outlives its image; it is '${text}'`);
}

/**
 * Permissions in octal digits.
 * @throws Error whose message goes on after the setting's name
 */
export function fileMode(text: string): number {
  const mode = /^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : undefined;
  if (mode === undefined) {
    throw new Error(`must be three octal digits in quotes, such as "0600"; it is ${JSON.stringify(text)}`);
  }
  if (mode > 0o777) throw new Error(`must not have setuid, setgid or sticky; write "0${text.slice(1)}"`);
  if ((mode & 0o400) === 0) {
    throw new Error(
      `would keep the file's owner from reading it; write "0${text.slice(-3).replace(/^./, '6')}"`,
    );
  }
  return mode;
}

/**
 * What is wrong between entries: two that write to the same place of the guest.
 * @param guests as they were written; what is no path is left to `guestPath`
 * @returns the index of the later one and what goes on after its setting's name
 */
export function overlaps(guests: readonly unknown[]): { index: number; why: string }[] {
  const paths = guests.map(pathIfOne);
  return paths.flatMap((path, index) => {
    if (path === undefined) return [];
    const other = paths.findIndex(
      (earlier, at) => at < index && earlier !== undefined && meet(earlier, path),
    );
    const earlier = paths[other];
    if (earlier === undefined) return [];
    const how = earlier === path ? 'is the same path as' : earlier < path ? 'lies inside' : 'encloses';
    return [{ index, why: `${how} file_sync[${other}].guest (${earlier}); leave one of the two out` }];
  });
}

function pathIfOne(guest: unknown): string | undefined {
  try {
    return typeof guest === 'string' ? parseGuestPath(guest) : undefined;
  } catch {
    return undefined;
  }
}

function meet(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function checkPath(text: string, wanted: string): void {
  if (text.split('/').includes('..')) throw new Error(`must not have .. in it; it is '${text}'`);
  if (/^~[^/]/.test(text)) {
    throw new Error(`must not name another user's home (${text.split('/', 1)[0]}); write ~/ for your own`);
  }
  if (text === '~' || text === '~/') throw new Error('is a whole home directory; name something in it');
  if (!text.startsWith('/') && !text.startsWith('~/')) {
    throw new Error(`must ${wanted}; it is '${text}'`);
  }
  if (text.endsWith('/.')) throw new Error(`must not end in /.; it is '${text}'`);
}
