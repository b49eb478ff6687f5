import { managerName } from '../bus/interfaces.ts';
import type { Match } from '../bus/signals.ts';
import { onAbort } from '../common/abort.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import type { Client } from './client.ts';
import { type Listed, listVms } from './listing.ts';

/** A daemon that is asked for nothing ends after a minute where no VM runs; somebody who watches waits for one. */
const stayMs = 20_000;

/** What tells that the list is no longer as it was. */
const changes: readonly Match[] = [
  { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesAdded' },
  { interface: 'org.freedesktop.DBus.ObjectManager', member: 'InterfacesRemoved' },
  { interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' },
];

/**
 * Tells the list of VMs, by name, now and whenever the daemon tells a change, until the signal is aborted.
 * @throws DaemonUnreachable when the daemon ends, and what a call throws
 */
export async function watchVms(
  client: Client,
  onList: (vms: readonly Listed[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  onAbort(signal, () => over.resolve());
  const list = new WatchedList(
    client,
    (vms) => signal.aborted || onList(vms),
    (error) => over.reject(error),
  );
  const ended = () =>
    over.reject(
      new BangerError('DaemonUnreachable', 'the daemon ended', {
        remedy: 'any command that needs it starts it again',
      }),
    );
  void client.bus.closed.then(ended);
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
  } finally {
    clearInterval(stay);
  }
}

/** The list, asked for again when it may have changed: one question at a time, and never one too few. */
class WatchedList {
  readonly #client: Client;
  readonly #onList: (vms: readonly Listed[]) => void;
  readonly #onFailure: (error: BangerError) => void;
  #asking = false;
  #stale = false;

  constructor(
    client: Client,
    onList: (vms: readonly Listed[]) => void,
    onFailure: (error: BangerError) => void,
  ) {
    this.#client = client;
    this.#onList = onList;
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
        this.#onList(await listVms(this.#client));
      }
    } catch (error) {
      this.#onFailure(error instanceof BangerError ? error : new BangerError('Internal', getMessage(error)));
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
