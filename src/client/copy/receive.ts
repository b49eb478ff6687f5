import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BangerError, getMessage, getOwnRemedy, getProblem, getSystemCode } from '../../common/errors.ts';
import { type Entry, readTar, TarError } from '../../tar/read.ts';
import type { Copy } from './copy.ts';
import { type GuestScript, startScript } from './guest.ts';
import { resolvePlace } from './names.ts';
import { absoluteOnHost, arrivalName, type CopySource, guestSource } from './place.ts';
import { Tree } from './tree.ts';

const absent = 66;

/** Packs $2 of the directory $1; $3 is -h to follow symbolic links. */
const packScript = `
cd -- "$1" || exit ${absent}
if [ ! -e "$2" ] && [ ! -L "$2" ]; then exit ${absent}; fi
unset TAR_OPTIONS
tar=tar literal=
command -v tar >/dev/null || tar='/run/banger/busybox tar'
case $2 in *\\\\*) case $(tar --version) in *GNU*) literal=--no-unquote ;; esac ;; esac
exec $tar -c $literal $3 -f - -- "$2"
`;

/** Copies things of a guest to this host. What cannot be copied is reported, and the rest is. */
export async function receive(copy: Copy, paths: readonly string[], to: string): Promise<void> {
  const target = absoluteOnHost(to);
  const into = isDirectory(target);
  if (!into && (paths.length > 1 || to.endsWith('/'))) {
    throw new BangerError('CommandFailed', `${to} is not a directory`, {
      remedy: 'make it first with `mkdir`',
    });
  }
  for (const path of paths) {
    const source = guestSource(path);
    const arrival = into ? arrivalName(source) : basename(target);
    await receiveOne(copy, source, into ? target : dirname(target), arrival, into);
  }
}

/** @param directory where it goes, as `arrival`; the contents of a directory go into it, or into a new one */
async function receiveOne(
  copy: Copy,
  source: CopySource,
  directory: string,
  arrival: string,
  into: boolean,
): Promise<void> {
  const isContents = source.name === '.';
  if (!isDirectory(directory)) throw new BangerError('CommandFailed', `there is no directory ${directory}`);
  const script = await startScript(
    copy.access,
    packScript,
    [source.directory, isContents ? '.' : `./${source.name}`, copy.follow ? '-h' : ''],
    copy.signal,
  );
  script.input.end();
  const failure = await unpack(
    copy,
    source,
    script,
    isContents && !into ? join(directory, arrival) : directory,
    arrival,
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined) {
    script.output.destroy();
    script.end();
  }
  // How the guest's end came is the cause; what we saw of it is only that the archive broke off.
  if (failure !== undefined && !(failure instanceof TarError)) {
    await script.ended.catch(() => undefined);
    if (copy.signal.aborted)
      throw new BangerError('Cancelled', 'interrupted', { remedy: 'what was copied whole stays' });
    throw failure;
  }
  const { status, said } = await script.ended;
  if (status === absent) {
    copy.problem(`${source.typed}: it does not exist in the guest`);
    return;
  }
  for (const line of said) copy.warn(line);
  if (failure !== undefined)
    throw new BangerError('GuestFailed', `what the guest sent cannot be read: ${getProblem(failure)}`, {
      remedy: getOwnRemedy(failure),
    });
  // 1 is for files that changed while they were read.
  if (status > 1)
    copy.problem(`${source.typed}: not all of it could be read in the guest (status ${status})`);
}

async function unpack(
  copy: Copy,
  source: CopySource,
  script: GuestScript,
  directory: string,
  arrival: string,
): Promise<void> {
  let tree: Tree | undefined;
  try {
    for await (const entry of readTar(script.output)) {
      const asked = source.name === '.' ? '.' : arrivalName(source);
      const names = resolvePlace(entry.name, asked, arrival);
      const target = entry.kind === 'link' ? resolvePlace(entry.linkName, asked, arrival) : undefined;
      const isNew = tree === undefined && makeMissing(directory);
      tree ??= new Tree(directory, copy.onBytes);
      if (isNew && names.length === 0) tree.adoptRoot(entry);
      await writeOne(copy, tree, names, entry, target);
    }
  } finally {
    try {
      tree?.finish();
    } catch (error) {
      copy.problem(`a directory did not get its mode: ${reasonOf(error)}`);
    }
    tree?.[Symbol.dispose]();
  }
}

async function writeOne(
  copy: Copy,
  tree: Tree,
  names: readonly Buffer[],
  entry: Entry,
  target: readonly Buffer[] | undefined,
): Promise<void> {
  const shown = () => names.map((name) => name.toString()).join('/');
  if (entry.kind === 'character' || entry.kind === 'block' || entry.kind === 'fifo') {
    copy.warn(`${shown()}: skipped, it is a special file`);
    return;
  }
  try {
    await tree.write(names, entry, target);
  } catch (error) {
    const isOfArchive =
      error instanceof TarError || (error instanceof BangerError && error.code === 'DiskFull');
    if (isOfArchive || copy.signal.aborted) throw error;
    copy.problem(`${shown()}: ${reasonOf(error)}`);
  }
}

function makeMissing(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if (getSystemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What the system says of a file, without the path in /proc by which we addressed it. */
function reasonOf(error: unknown): string {
  return getMessage(error).replace(/, \w+ '[\s\S]*$/, '');
}
