import type { Bus } from '../bus/connection.ts';
import { refuseCalls } from '../bus/refusal.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { refuseRequests } from '../http/refusal.ts';
import type { ServiceManager } from '../systemd/notify.ts';

/** Who started a daemon, and where callers wait for it. */
export interface Starter {
  service: ServiceManager;
  bus: Bus;
  sockets: ReadonlyMap<string, number>;
}

/**
 * Tells those for whom systemd started a daemon that cannot serve why it cannot. They would wait for an answer else,
 * and systemd would think that there still is something to be started for.
 * @param place where a person finds the log
 */
export async function refuseStarters(
  { service, bus, sockets }: Starter,
  error: unknown,
  place: string,
): Promise<void> {
  if (!service.isThere) return;
  // Only after the start can it be told that a start that is asked for from now on is to wait for our end.
  service.ready();
  service.stopping();
  const bug = `bangerd did not start; see ${place}`;
  const http = sockets.get('http');
  await Promise.all([
    refuseCalls(bus, error, bug).catch(() => undefined),
    http !== undefined && refuseRequests(http, error instanceof BangerError ? getMessage(error) : bug),
  ]);
}
