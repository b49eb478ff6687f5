/**
 * Prepares workspaces for tests that expect the worst, in a process that they can measure and kill. It is told what to
 * prepare, and answers, by messages of the IPC channel; `process.ts` is the other end.
 */
import { getMessage } from '../../../src/common/errors.ts';
import { prepareWorkspace } from '../../../src/workspace/prepare.ts';
import type { StreamShell } from '../../../src/workspace/shell.ts';
import { readHere } from '../reader.ts';
import { localShell, makeWork, type Place } from '../support.ts';
import { findBytes } from './canary.ts';

/** One prepare. Times are in milliseconds. */
export interface Request {
  id: number;
  source: string;
  place: Place;
  home: string;
  path?: string;
  canary?: string;
  readTimeoutMs?: number;
  /** Whether to ask only what is asked before a VM is made. */
  checks?: boolean;
  /** Whether checkouts are read by the process itself, and not by the program for it. */
  readsItself?: boolean;
}

/** How a prepare ended. */
export interface Reply {
  id: number;
  code?: string;
  message?: string;
  head?: string | null;
  branch?: string | null;
  commits?: number;
  skipped?: number;
  /** A file of the scratch directory that held the canary while the archive was sent. */
  inScratch?: string;
}

const running = new Map<number, AbortController>();

process.on('message', (message: Request | { cancel: number }) => {
  if ('cancel' in message) running.get(message.cancel)?.abort();
  else void prepare(message).then((reply) => process.send?.(reply));
});
// Blocked reads of the old kind would hold up an ordinary exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send?.({ id: 0 });

async function prepare(request: Request): Promise<Reply> {
  const { id, source, place, home, path, canary, readTimeoutMs, readsItself, checks } = request;
  process.env.HOME = home;
  if (path !== undefined) process.env.PATH = path;
  const controller = new AbortController();
  running.set(id, controller);
  const seen: string[] = [];
  const shell = watching(place, () => {
    if (canary !== undefined) seen.push(...findBytes(place.scratch, canary));
  });
  const options = { guestPath: place.target, scratchDirectory: place.scratch, readTimeoutMs };
  const scratch = () => (seen[0] === undefined ? {} : { inScratch: seen[0] });
  try {
    if (checks) {
      await check(source, place, controller.signal);
      return { id };
    }
    const work = makeWork(controller.signal);
    const workspace = await prepareWorkspace(
      shell,
      source,
      options,
      work,
      readsItself ? readHere : undefined,
    );
    const { head, branch, commits, skipped } = workspace;
    return { id, head, branch, commits, skipped: skipped.count, ...scratch() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'none';
    return { id, code, message: getMessage(error), ...scratch() };
  } finally {
    running.delete(id);
  }
}

/** Does what `vm run` does with a path before it makes a VM. */
async function check(directory: string, place: Place, signal: AbortSignal): Promise<void> {
  const reader = readHere();
  try {
    await reader.ask({ act: 'check', directory, staging: place.scratch }, { timeoutMs: 60_000, signal });
  } finally {
    await reader.close();
  }
}

/** The guest's shell, which looks around on the host before an archive is sent. */
function watching(place: Place, look: () => void): StreamShell {
  const shell = localShell(place);
  return {
    execute(argv, how) {
      if (how.input) look();
      return shell.execute(argv, how);
    },
  };
}
