import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { BangerError } from '../common/errors.ts';
import { lastLines } from '../common/text.ts';
import type { ShellOutcome, StreamShell } from './shell.ts';

/** A short command in a guest that may be slow and busy. */
const shortMs = 60_000;
const removeMs = 15_000;
/** Comparing the contents of every file. */
const refreshMs = 30 * 60_000;
/** How many files are asked about at once: their answers stay below what a shell keeps of its output. */
const statBatch = 40_000;

const occupied = 73;
const withoutTar = 69;

/** Refuses what is in use, clears away what an earlier attempt left, and makes the directory to fill. */
const prepareScript = `
if [ -L "$1" ] || { [ -e "$1" ] && [ ! -d "$1" ]; }; then exit ${occupied}; fi
if [ -d "$1" ] && [ -n "$(ls -A "$1")" ]; then exit ${occupied}; fi
command -v tar >/dev/null || exit ${withoutTar}
umask 022
mkdir -p "$2" && rm -rf "$2/$3".?????????????? && mkdir "$4"
`;

/** The last file of an archive: tar takes an archive that breaks off between two files for whole. */
export const endMark = '.git/banger-end';

/** A stream that breaks off leaves nothing, also when nobody is there any more to clean up. */
const extractScript = `
umask 022
tar -x -p -o -f - -C "$1"
status=$?
if [ $status -eq 0 ]; then
  [ -e "$1/${endMark}" ] && rm "$1/${endMark}" && exit 0
  status=1
  echo 'the archive broke off' >&2
fi
rm -rf "$1"
exit $status
`;

/**
 * The index comes last because it holds what the guest's file system says of the files. Git believes that only of files
 * that are older than the index: it compares the contents of others, for which it may need a filter that is not there.
 */
const finishScript = `
umask 022
settle() {
  [ -e "$1" ] || return 0
  [ "$(date +%s)" -gt "$2" ] || sleep 1
  if [ "$(date +%s)" -gt "$2" ]; then touch "$1"; else touch -d "@$(($2 + 1))" "$1"; fi
}
cat >"$1/.git/index.new" || exit 1
if [ -s "$1/.git/index.new" ]; then mv "$1/.git/index.new" "$1/.git/index"; else rm "$1/.git/index.new"; fi
settle "$1/.git/index" "$4"
if [ "$3" = refresh ] && command -v git >/dev/null; then
  git -C "$1" update-index -q --refresh >/dev/null
  settle "$1/.git/index" "$4"
fi
if [ -e "$2" ]; then rmdir "$2" || exit ${occupied}; fi
mv "$1" "$2"
`;

/** A directory in the guest that is filled beside its final place, and moved there when it is whole. */
export class Target {
  readonly path: string;
  readonly #parent: string;
  readonly #prefix: string;
  /** Where it is filled. */
  readonly temporary: string;
  #isPlaced = false;
  readonly #shell: StreamShell;
  readonly #signal: AbortSignal;

  /** @throws InvalidArgs if the path is not absolute, or is the root */
  constructor(shell: StreamShell, path: string, signal: AbortSignal) {
    const normal = posix.normalize(path).replace(/\/$/, '');
    if (!path.startsWith('/') || normal === '' || path.includes('\0')) {
      throw new BangerError('InvalidArgs', `${JSON.stringify(path)} cannot hold a workspace`, {
        remedy: 'give an absolute path such as /root/repo',
      });
    }
    this.path = normal;
    this.#parent = posix.dirname(normal);
    this.#prefix = `.${posix.basename(normal)}.banger`;
    this.temporary = posix.join(this.#parent, `${this.#prefix}.${randomBytes(7).toString('hex')}`);
    this.#shell = shell;
    this.#signal = signal;
  }

  /** @throws AlreadyExists if there is anything at the path but an empty directory */
  async prepare(): Promise<void> {
    const args = [this.path, this.#parent, this.#prefix, this.temporary];
    this.#check(await this.#script(prepareScript, args, shortMs));
  }

  /** Fills the directory from a tar stream. */
  async extract(tar: Readable, timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#check(await this.#script(extractScript, [this.temporary], timeoutMs, tar, signal));
  }

  /**
   * What the guest's file system says of files, a line each as `%Z %Y %d %i %u %g %s` of stat(1); empty lines for those
   * of a batch of which one is missing.
   * @param paths each ended by a NUL
   */
  async stat(paths: Buffer): Promise<string> {
    let lines = '';
    for (const { batch, count } of batches(paths)) {
      const script = 'cd "$1" && xargs -0 stat -c "%Z %Y %d %i %u %g %s" --';
      const { stdout } = await this.#script(script, [this.temporary], shortMs * 5, Readable.from([batch]));
      const isWhole = stdout.split('\n').filter((line) => line !== '').length === count;
      lines += isWhole ? stdout : '\n'.repeat(count);
    }
    return lines;
  }

  /**
   * Puts the index in, and the directory in its place.
   * @param index whether git in the guest, if it is there, is to compare files it knows nothing of, and when the youngest
   *   of the others was changed, in seconds since 1970
   */
  async finish(index: { contents: Buffer; inDoubt: boolean; youngest: number } | undefined): Promise<void> {
    const { inDoubt = false, youngest = 0 } = index ?? {};
    const args = [this.temporary, this.path, inDoubt ? 'refresh' : '', String(youngest)];
    const input = Readable.from(index ? [index.contents] : []);
    this.#check(await this.#script(finishScript, args, refreshMs, input));
    this.#isPlaced = true;
  }

  /** Removes what was begun, as well as the guest still allows. @returns whether it is gone */
  async discard(): Promise<boolean> {
    return await removeInGuest(this.#shell, this.temporary);
  }

  /** Removes what was put in its place, if it was. */
  async withdraw(): Promise<void> {
    if (this.#isPlaced) await removeInGuest(this.#shell, this.path);
  }

  #script(
    script: string,
    args: readonly string[],
    timeoutMs: number,
    input?: Readable,
    signal = this.#signal,
  ): Promise<ShellOutcome> {
    return this.#shell.execute(['sh', '-c', script, 'sh', ...args], { input, timeoutMs, signal });
  }

  #check({ status, stderr }: ShellOutcome): void {
    if (status === 0) return;
    if (status === occupied) {
      throw new BangerError('AlreadyExists', `${this.path} in the guest is not empty`, {
        remedy: 'move it away there, or give another --guest-path',
      });
    }
    if (status === withoutTar) {
      throw new BangerError('GuestFailed', 'the guest has no tar', {
        remedy: 'install tar in the guest or in its image',
      });
    }
    // A write that fills the disk is a short one, and tar says no more than that.
    if (/No space left on device|Wrote only \d+ of \d+ bytes/.test(stderr)) {
      throw new BangerError('DiskFull', "the guest's disk is too small for the workspace", {
        remedy: 'use a VM with a larger --disk-size',
      });
    }
    throw new BangerError(
      'GuestFailed',
      `the workspace could not be written to ${this.path} in the guest (status ${status})`,
      { details: lastLines(stderr, 3, 500) },
    );
  }
}

/** Removes a directory in a guest, also when the work that made it is cancelled. @returns whether it is gone */
export async function removeInGuest(shell: StreamShell, path: string): Promise<boolean> {
  const options = { timeoutMs: removeMs, signal: new AbortController().signal };
  return await shell.execute(['rm', '-rf', '--', path], options).then(
    ({ status }) => status === 0,
    () => false,
  );
}

/** Cuts a list of paths, each ended by a NUL, in pieces. */
function* batches(paths: Buffer): Generator<{ batch: Buffer; count: number }> {
  for (let start = 0; start < paths.length; ) {
    let end = start;
    let count = 0;
    for (; end < paths.length && count < statBatch; count += 1) end = paths.indexOf(0, end) + 1;
    yield { batch: paths.subarray(start, end), count };
    start = end;
  }
}
