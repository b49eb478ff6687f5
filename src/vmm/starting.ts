import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from '../common/abort.ts';
import { BangerError } from '../common/errors.ts';
import { lastWords } from './end.ts';
import type { RunningProgram } from './machine.ts';

/** From the program's start to its first answer; the network's enclosure is made in this time too. */
const startDeadlineMs = 20_000;
const pollMs = 10;
/** How long the end of a program that went away is waited for. */
const endMs = 1_000;
/** How long the last words of a program are waited for. */
const lastWordsMs = 2_000;
/** How much of a program's last line is repeated, in UTF-16 units. */
const lastLineLength = 2_000;

/** That a VMM went away or answers what is no answer, which its end may be the cause of. */
export class VmmGone extends BangerError {
  constructor(message: string) {
    super('HostNotReady', message);
  }
}

/**
 * Asks a VMM that was just started until it answers.
 * @param vmm its name, for people
 * @param ask gives nothing while nobody listens; is given the milliseconds that are left
 * @throws HostNotReady with the program's last words if it ended, Timeout, Cancelled, and what `ask` throws
 */
export async function untilAnswered<T>(
  vmm: string,
  running: RunningProgram,
  signal: AbortSignal,
  ask: (leftMs: number) => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + startDeadlineMs;
  const over = follow(running);
  for (;;) {
    throwIfCancelled(signal);
    const left = deadline - performance.now();
    if (left <= 0)
      throw new BangerError('Timeout', `${vmm} did not start within ${startDeadlineMs / 1000} s`);
    const answer = await ask(left).catch((error: unknown) => {
      // One that goes away is one that ends; its log says why.
      if (error instanceof BangerError && error.code === 'HostNotReady') return undefined;
      throw error;
    });
    if (answer !== undefined) return answer;
    if (over.ended) throw await endedEarly(vmm, running.logFile);
    await sleep(pollMs);
  }
}

/**
 * What to throw instead of an error that may come from the program's end.
 * @returns the program's last words if it has ended or does so now, else the error itself
 */
export async function findStartFailure(
  vmm: string,
  running: RunningProgram,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof VmmGone)) return error;
  const late = new AbortController();
  try {
    const ended = await Promise.race([
      running.ended.then(
        () => true,
        () => false,
      ),
      sleep(endMs, false, { signal: late.signal }),
    ]);
    return ended ? await endedEarly(vmm, running.logFile) : error;
  } finally {
    late.abort();
  }
}

function follow({ ended }: RunningProgram): { ended: boolean } {
  const state = { ended: false };
  ended.then(
    () => {
      state.ended = true;
    },
    () => undefined,
  );
  return state;
}

async function endedEarly(vmm: string, logFile: string): Promise<BangerError> {
  let said = await lastWords(logFile, 1, lastLineLength);
  // What it said may be on its way through another program.
  for (let waited = 0; said === '' && waited < lastWordsMs; waited += pollMs) {
    await sleep(pollMs);
    said = await lastWords(logFile, 1, lastLineLength);
  }
  return new BangerError(
    'HostNotReady',
    `${vmm} ended before its machine ran${said ? `: ${said}` : ' and said nothing'}`,
  );
}
