import { setTimeout as sleep } from 'node:timers/promises';
import { Interrupts } from '../interrupts.ts';
import type { LogView } from './log-view.ts';

/** Looking costs a few system calls for a log; a person takes what comes this late for live. */
const pollMs = 100;
const interrupted = 130;

/**
 * Shows what is written to logs until Ctrl-C is pressed or nobody writes them any more. Ctrl-C is heeded from before
 * the first line on.
 * @param begin shows what is there already
 * @param over tells whether the logs have found their end; what was written until then is still shown
 * @returns the exit status
 */
export async function follow(
  begin: () => Promise<readonly LogView[]>,
  over: () => Promise<boolean> = async () => false,
): Promise<number> {
  using interrupts = new Interrupts();
  const { signal } = interrupts;
  const views = await begin();
  for (let last = false; !last && !signal.aborted; ) {
    last = await over();
    for (const view of views) await view.update();
    if (!last) await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  for (const view of views) view.end();
  return interrupts.happened ? interrupted : 0;
}
