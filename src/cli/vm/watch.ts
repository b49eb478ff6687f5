import type { Client } from '../../client/client.ts';
import type { Listed } from '../../client/listing.ts';
import { watchVms } from '../../client/vm-watch.ts';
import { Interrupts } from '../interrupts.ts';
import { LiveView } from '../output/live-view.ts';
import type { Terminal } from '../output/terminal.ts';
import { noVms, vmTable } from './listing.ts';

/** Ages tick. */
const tickMs = 1_000;
const interrupted = 130;

/**
 * Draws the list of VMs anew whenever the daemon tells a change, until Ctrl-C is pressed.
 * @returns the exit status
 * @throws what `watchVms` throws
 */
export async function drawVms(client: Client, terminal: Terminal): Promise<number> {
  using interrupts = new Interrupts();
  let seen: readonly Listed[] | undefined;
  using view = new LiveView(terminal, () => {
    if (!seen) return '';
    return seen.length === 0 ? `${noVms}\n` : vmTable(seen, terminal);
  });
  const tick = setInterval(() => view.draw(), tickMs);
  try {
    await watchVms(
      client,
      (vms) => {
        seen = vms;
        view.draw();
      },
      interrupts.signal,
    );
    return interrupted;
  } finally {
    clearInterval(tick);
  }
}
