import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BangerError, getSystemCode } from '../../common/errors.ts';
import { foreignWords } from '../../common/text.ts';
import { copyProgram } from '../installation.ts';
import type { Copy } from './copy.ts';
import { olderGuest, startScript } from './guest.ts';
import { absoluteInGuest, arrivalName, type CopySource, hostSource } from './place.ts';
import { untilProgramEnds } from './program.ts';
import { unpackScript, unpackStatus } from './unpack-script.ts';

/** GNU tar warns of it where the clock of the guest is behind ours, be it by a blink; the copy is as it should be. */
const clockIsBehind = /: time stamp .* s in the future$/;

/** Copies things of this host to a guest, where they become root's. What cannot be read is reported. */
export async function send(copy: Copy, paths: readonly string[], to: string): Promise<void> {
  const sources = paths.map(hostSource).filter((source) => isThere(copy, source));
  if (sources.length === 0) return;
  const token = randomUUID();
  const must = to.endsWith('/') || paths.length > 1 ? 'directory' : '';
  const args = [absoluteInGuest(to).replace(/(?<=.)\/+$/, ''), token, must, ...sources.map(arrivalName)];
  const script = await startScript(copy.access, unpackScript, args, copy.signal);
  const packer = spawn(copyProgram(), packArguments(sources, token, copy.follow), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const packed = untilProgramEnds(packer);
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      copy.onBytes(chunk.length);
      done(null, chunk);
    },
  });
  // Whatever breaks here is told by how the two ends ended.
  const piped = pipeline(packer.stdout, counted, script.input).catch(() => void packer.kill('SIGTERM'));
  const stop = script.ended.catch(() => undefined).then(() => void packer.kill('SIGTERM'));
  const { status, said } = await packed.finally(() => script.ended.catch(() => undefined));
  await Promise.all([piped, stop]);
  const outcome = await script.ended;
  for (const line of said) {
    if (status === 0) copy.warn(line);
    else copy.problem(line);
  }
  judge(copy, to, outcome.status, outcome.said);
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

/** The arguments of guest/copy/pack.c. */
function packArguments(sources: readonly CopySource[], token: string, follow: boolean): string[] {
  return [
    'pack',
    ...(follow ? ['-h'] : []),
    ...['-v', `./.banger-void-${token}`, '-e', `./.banger-end-${token}`, '--'],
    ...sources.flatMap(({ directory, name }) => [directory, name]),
  ];
}

/** @throws BangerError if nothing was copied */
function judge(copy: Copy, to: string, status: number, said: readonly string[]): void {
  const told = said.filter((line) => !clockIsBehind.test(line));
  if (status === 0 || status === unpackStatus.partial) {
    for (const line of told) copy.warn(line);
    if (status !== 0) copy.problem('not all of it could be put in its place');
    return;
  }
  if (status === olderGuest.status) throw olderGuest.error();
  if (status === unpackStatus.notDirectory) {
    throw new BangerError('CommandFailed', `${to} is not a directory in the guest`, {
      remedy: 'make it first with `vm exec` and mkdir',
    });
  }
  if (status === unpackStatus.noParent)
    throw new BangerError('CommandFailed', `the directory of ${to} is not there in the guest`, {
      remedy: 'make it first with `vm exec` and mkdir',
    });
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
