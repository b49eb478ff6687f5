import type { Bus } from '../bus/connection.ts';
import { managerName } from '../bus/interfaces.ts';
import type { ObjectTree } from '../bus/server.ts';
import { Deadline, untilAbort } from '../common/abort.ts';
import type { Log } from '../common/log.ts';
import type { HttpServer } from '../http/server.ts';
import type { Jobs } from '../job/jobs.ts';
import type { ServiceManager } from '../systemd/notify.ts';

/** How long answers that are under way may take; clients of the bus give up then, too. */
const answersMs = 25_000;
/** How long a request that was taken from the socket may take. */
const requestsMs = 1_000;
/** How much longer the end may take from each time that it is told, and how often that is. */
const extensionMs = 30_000;
const extendEveryMs = 10_000;

/** What takes part in the end. */
export interface Shutdown {
  bus: Pick<Bus, 'releaseName' | 'requestName' | 'roundTrip'>;
  service: Pick<ServiceManager, 'stopping' | 'extend'>;
  tree: Pick<ObjectTree, 'settled'>;
  http: Pick<HttpServer, 'close'>;
  jobs: Jobs;
  log: Log;
  /** Aborted when the daemon shall end whatever is under way. */
  stop: AbortSignal;
}

/**
 * Leaves the bus and the socket so that no call is lost. systemd is told first: whoever calls once the name is free
 * has it start the next daemon, which it does only after the end of one that is known to stop. What was sent to us
 * until then is answered.
 *
 * A call may have begun a job in the last moment. When nobody but idleness asked for the end, the name is taken
 * back until the job is done.
 */
export async function shutDown(shutdown: Shutdown): Promise<void> {
  const { bus, service, tree, http, jobs, log, stop } = shutdown;
  service.stopping();
  if (stop.aborted) await jobs.cancelAll();
  const closing = http.close(requestsMs);
  for (;;) {
    // A bus that has gone away needs none of this.
    await bus.releaseName(managerName).catch(() => undefined);
    // Its answer comes after every call that the bus had for us.
    await bus.roundTrip().catch(() => undefined);
    await Promise.all([within(answersMs, tree.settled()), closing]);
    if (jobs.running.length === 0) break;
    if (stop.aborted) {
      await jobs.cancelAll();
    } else {
      log.info({}, 'waiting for jobs that began during the shutdown');
      await bus.requestName(managerName).catch(() => undefined);
      await finish(shutdown);
    }
  }
  // Answers are through the bus once this one is.
  await bus.roundTrip().catch(() => undefined);
}

/** Waits for the end of all jobs, or until the daemon shall end anyway. */
async function finish({ jobs, service, stop }: Shutdown): Promise<void> {
  const extend = () => service.extend(extensionMs);
  extend();
  const extending = setInterval(extend, extendEveryMs);
  await Promise.race([jobs.settled(), untilAbort(stop)]);
  clearInterval(extending);
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  using deadline = new Deadline(milliseconds);
  await Promise.race([work, untilAbort(deadline.signal)]);
}
