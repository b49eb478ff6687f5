import { spawn } from 'node:child_process';
import { lstatSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BangerError, getSystemCode } from '../../common/errors.ts';
import { notInstalled } from '../../common/host-programs.ts';
import { foreignWords } from '../../common/text.ts';
import { tarForGuests } from '../../tar/for-guests.ts';
import type { Copy } from './copy.ts';
import { startScript } from './guest.ts';
import { absoluteInGuest, arrivalName, type CopySource, hostSource } from './place.ts';

const notDirectory = 71;
const noParent = 72;
const incomplete = 73;
const partial = 1;
/** GNU tar warns of it where the clock of the guest is behind ours, be it by a blink; the copy is as it should be. */
const clockIsBehind = /: time stamp .* s in the future$/;

/**
 * Unpacks beside the place where things go, and moves them there when all has come: $1 that place, $2 a token,
 * $3 whether it must be a directory, then the names. A stream that breaks off leaves nothing.
 */
const unpackScript = `
bb=/run/banger/busybox
to=$1 end=.banger-end-$2 new=.banger-$2 must=$3
shift 3
umask 022
trap '' HUP INT TERM PIPE
unset TAR_OPTIONS
if [ -d "$to" ]; then into=$to parent=$to
elif [ "$must" ] || [ $# -gt 1 ]; then exit ${notDirectory}
else into= parent=$($bb dirname -- "$to"; echo .); parent=\${parent%??}; [ -d "$parent" ] || exit ${noParent}; fi
new=$parent/$new
$bb mkdir -m 700 -- "$new" || exit 74
tar=tar
command -v tar >/dev/null || tar="$bb tar"
$tar -x -p -o -f - -C "$new"
status=$?
if [ $status -ne 0 ] || [ ! -e "$new/$end" ]; then $bb rm -rf -- "$new"; exit ${incomplete}; fi
$bb rm -f -- "$new/$end"
$bb find "$new" '(' -type b -o -type c -o -type p ')' -exec sh -c '
  for each do [ "$each" = "$0" ] || echo "\${each#"$0"/}: skipped, it is a special file"; done' "$new" {} + >&2
$bb find "$new" '(' -type b -o -type c -o -type p ')' -exec $bb rm -f -- {} +
failed=0
in_the_way() { echo "$1: $2 is in the way in the guest; move it away" >&2; failed=${partial}; }
place() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then
    if [ -L "$2" ] || { [ -e "$2" ] && [ ! -d "$2" ]; }; then in_the_way "$2" 'something that is not a directory'
    elif [ -d "$2" ]; then fill "$1" "$2"
    else $bb mv -T -- "$1" "$2" || failed=${partial}; fi
  elif [ -d "$2" ] && [ ! -L "$2" ]; then in_the_way "$2" 'a directory'
  else $bb mv -f -T -- "$1" "$2" || failed=${partial}; fi
}
fill() {
  for each in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$each" ] || [ -L "$each" ]; then place "$each" "$2/\${each##*/}"; fi
  done
}
for name; do
  if [ "$name" = . ] && [ -z "$into" ]; then place "$new" "$to"
  elif [ "$name" = . ]; then fill "$new" "$to"
  elif [ -e "$new/$name" ] || [ -L "$new/$name" ]; then
    target=$to
    [ -z "$into" ] || target=$into/$name
    place "$new/$name" "$target"
  fi
done
$bb rm -rf -- "$new"
exit $failed
`;

/** Copies things of this host to a guest, where they become root's. What cannot be read is reported. */
export async function send(copy: Copy, paths: readonly string[], to: string): Promise<void> {
  const sources = paths.map(hostSource).filter((source) => isThere(copy, source));
  if (sources.length === 0) return;
  const scratch = mkdtempSync(join(tmpdir(), 'banger-copy-'));
  const token = scratch.slice(-6) + process.pid.toString(36);
  const end = join(scratch, `.banger-end-${token}`);
  try {
    writeFileSync(end, '');
    const must = to.endsWith('/') || paths.length > 1 ? 'directory' : '';
    const args = [absoluteInGuest(to).replace(/(?<=.)\/+$/, ''), token, must, ...sources.map(arrivalName)];
    const script = await startScript(copy.access, unpackScript, args, copy.signal);
    const packer = spawn('tar', tarArguments(sources, scratch, token, copy.follow), {
      env: { ...process.env, LC_ALL: 'C', TAR_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const said: string[] = [];
    packer.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const packed = new Promise<number | null>((resolve, reject) => {
      packer.on('error', (cause) => reject(notInstalled('tar', cause)));
      packer.on('close', resolve);
    });
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        copy.onBytes(chunk.length);
        done(null, chunk);
      },
    });
    // Whatever breaks here is told by how the two ends ended.
    const piped = pipeline(packer.stdout, counted, script.input).catch(() => void packer.kill('SIGTERM'));
    const stop = script.ended.catch(() => undefined).then(() => void packer.kill('SIGTERM'));
    const status = await packed.finally(() => script.ended.catch(() => undefined));
    await Promise.all([piped, stop]);
    const outcome = await script.ended;
    report(copy, said.join('').split('\n'), status);
    judge(copy, to, outcome.status, outcome.said);
  } finally {
    rmSync(end, { force: true });
    rmdirSync(scratch);
  }
}

function isThere(copy: Copy, { directory, name, typed }: CopySource): boolean {
  try {
    lstatSync(join(directory, name));
    return true;
  } catch (error) {
    const code = getSystemCode(error);
    copy.problem(
      code === 'ENOENT' ? `${typed}: there is no such file` : `${typed}: it cannot be read (${code})`,
    );
    return false;
  }
}

function tarArguments(
  sources: readonly CopySource[],
  scratch: string,
  token: string,
  follow: boolean,
): string[] {
  return [
    ...tarForGuests,
    '--no-unquote',
    ...(follow ? ['--dereference'] : []),
    ...sources.flatMap(({ directory, name }) => [
      `--directory=${directory}`,
      name === '.' ? '.' : `./${name}`,
    ]),
    `--directory=${scratch}`,
    `./.banger-end-${token}`,
  ];
}

/** Passes on what tar on this host said. */
function report(copy: Copy, lines: readonly string[], status: number | null): void {
  const told = lines.filter((line) => line !== '' && !/previous errors|Removing leading/.test(line));
  for (const line of told) {
    const text = line.replace(/^tar: /, '');
    if (status === 0 || status === 1) copy.warn(text);
    else copy.problem(text);
  }
}

/** @throws BangerError if nothing was copied */
function judge(copy: Copy, to: string, status: number, said: readonly string[]): void {
  const told = said.filter((line) => !clockIsBehind.test(line));
  if (status === 0 || status === partial) {
    for (const line of told) copy.warn(line);
    if (status !== 0) copy.problem('not all of it could be put in its place');
    return;
  }
  if (status === notDirectory) {
    throw new BangerError('CommandFailed', `${to} is not a directory in the guest`, {
      remedy: 'make it first with `vm exec` and mkdir',
    });
  }
  if (status === noParent)
    throw new BangerError('CommandFailed', `the directory of ${to} is not there in the guest`);
  // GNU tar says the second where a part of a block still had room.
  if (told.some((line) => /No space left on device|Wrote only \d+ of \d+ bytes/.test(line))) {
    throw new BangerError('DiskFull', "the guest's disk is full", {
      remedy: 'nothing was copied. Make room there, or enlarge it with `banger vm set --disk-size`',
    });
  }
  throw new BangerError('GuestFailed', 'the guest could not unpack it', {
    details: foreignWords(told.slice(-3).join(', '), 500),
  });
}
