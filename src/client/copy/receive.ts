import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BangerError, getOwnRemedy, getProblem, getSystemCode } from '../../common/errors.ts';
import { TarError } from '../../tar/read.ts';
import type { Copy } from './copy.ts';
import { type Destination, findDestination } from './destination.ts';
import { olderGuest, startScript } from './guest.ts';
import { arrivalName, type CopySource, guestSource, pathOnHost } from './place.ts';
import { type Arrival, unpack } from './unpack.ts';

/** Packs $2 of the directory $1; $3 is what tells of a void entry; $4 is -h to follow symbolic links. */
const packScript = `
${olderGuest.check}
exec /run/banger/sync pack $4 -v "$3" -- "$1" "$2"
`;

/** Copies things of a guest to this host. What cannot be copied is reported, and the rest is. */
export async function receive(copy: Copy, paths: readonly string[], to: string): Promise<void> {
  const target = pathOnHost(to);
  const into = isDirectory(target);
  if (!into && (paths.length > 1 || to.endsWith('/'))) {
    throw new BangerError('CommandFailed', `${to} is not a directory`, {
      remedy: 'make it first with `mkdir`',
    });
  }
  for (const path of paths) {
    const source = guestSource(path);
    if (source.name === '.') await receiveOne(copy, source, { kind: 'contents', directory: target });
    else await receiveNamed(copy, source, into ? join(target, arrivalName(source)) : target);
  }
}

async function receiveNamed(copy: Copy, source: CopySource, path: string): Promise<void> {
  let destination: Destination;
  try {
    destination = findDestination(path);
  } catch (error) {
    if (!(error instanceof BangerError)) throw error;
    copy.problem(error.message);
    return;
  }
  await receiveOne(copy, source, destination);
}

async function receiveOne(copy: Copy, source: CopySource, target: Arrival): Promise<void> {
  const parent = target.kind === 'contents' ? dirname(target.directory) : undefined;
  const required = target.kind === 'name' ? target.directory : parent;
  if (required !== undefined && !isDirectory(required))
    throw new BangerError('CommandFailed', `there is no directory ${required}`, {
      remedy: 'make it first with `mkdir`',
    });
  const voidName = `./.banger-void-${randomUUID()}`;
  const script = await startScript(
    copy.access,
    packScript,
    [source.directory, source.name, voidName, copy.follow ? '-h' : ''],
    copy.signal,
  );
  script.input.end();
  const failure = await unpack(copy, source, script.output, target, Buffer.from(voidName)).then(
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
  if (status === olderGuest.status) throw olderGuest.error();
  for (const line of said) {
    if (status === 0) copy.warn(line);
    else copy.problem(line);
  }
  if (failure !== undefined)
    throw new BangerError('GuestFailed', `what the guest sent cannot be read: ${getProblem(failure)}`, {
      remedy: getOwnRemedy(failure),
    });
  if (status !== 0 && said.length === 0)
    copy.problem(`${source.typed}: not all of it could be read in the guest (status ${status})`);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    // Links in a circle are told of when something is to go there.
    if (getSystemCode(error) === 'ELOOP') return false;
    throw error;
  }
}
