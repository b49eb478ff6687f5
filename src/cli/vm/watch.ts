import { managerName } from '../../bus/interfaces.ts';
import type { Match } from '../../bus/signals.ts';
import type { Client } from '../../client/client.ts';
import { BangerError, messageOf } from '../../common/errors.ts';
import { Interrupts } from '../interrupts.ts';
import { LiveView } from '../output/live-view.ts';
import type { Terminal } from '../output/terminal.ts';
import { type Listed, listVms, noVms, vmTable } from './listing.ts';

/** Ages tick. */
const tickMs = 1_000;
/** A daemon that is asked for nothing ends after a minute where no VM runs; somebody who watches waits for one. */
const stayMs = 20_000;
const interrupted = 130;

/** What tells that the list is no longer as it was. */
const changes: readonly Match[] = [
  { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesAdded' },
  { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesRemoved' },
  { interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' },
];

/**
 * Draws the list of VMs anew whenever the daemon tells a change, until Ctrl-C is pressed.
 * @returns the exit status
 * @throws DaemonUnreachable when the daemon ends
 */
export async function watchVms(client: Client, terminal: Terminal): Promise<number> {
  using interrupts = new Interrupts();
  const over = Promise.withResolvers<void>();
  interrupts.signal.addEventListener('abort', () => over.resolve(), { once: true });
  const list = new WatchedList(client, (error) => over.reject(error));
  using view = new LiveView(terminal, () => {
    if (!list.vms) return '';
    return list.vms.length === 0 ? `${noVms}\n` : vmTable(list.vms, terminal);
  });
  list.onNews = () => view.draw();
  const ended = () =>
    over.reject(
      new BangerError('DaemonUnreachable', 'the daemon ended; any command that needs it starts it again'),
    );
  void client.bus.closed.then(ended);
  const tick = setInterval(() => view.draw(), tickMs);
  const stay = setInterval(() => list.refresh(), stayMs);
  try {
    // What changes from here on is heard, so that nothing falls between the first list and the first signal.
    await Promise.all([
      ...changes.map((match) =>
        client.bus.onSignal({ sender: managerName, ...match }, ({ path, body }) => {
          if (concernsVms(path, body)) list.refresh();
        }),
      ),
      client.bus.watchName(managerName, ended),
    ]);
    list.refresh();
    await over.promise;
    return interrupted;
  } finally {
    clearInterval(tick);
    clearInterval(stay);
  }
}

/** The list, asked for again when it may have changed: one question at a time, and never one too few. */
class WatchedList {
  vms: readonly Listed[] | undefined;
  onNews: () => void = () => undefined;
  readonly #client: Client;
  readonly #onFailure: (error: BangerError) => void;
  #asking = false;
  #stale = false;

  constructor(client: Client, onFailure: (error: BangerError) => void) {
    this.#client = client;
    this.#onFailure = onFailure;
  }

  refresh(): void {
    this.#stale = true;
    if (!this.#asking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#stale) {
        this.#stale = false;
        this.vms = await listVms(this.#client);
        this.onNews();
      }
    } catch (error) {
      this.#onFailure(error instanceof BangerError ? error : new BangerError('Internal', messageOf(error)));
    } finally {
      this.#asking = false;
    }
  }
}

/** Jobs and artifacts change as well; objects that come and go are named in the signal. */
function concernsVms(path: string, [object]: readonly unknown[]): boolean {
  const prefix = '/org/banger/vms/';
  return path.startsWith(prefix) || (typeof object === 'string' && object.startsWith(prefix));
}
