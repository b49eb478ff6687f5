import { EventEmitter } from 'node:events';
import { daemonBusAddress } from '../bus/activation.ts';
import { Bus } from '../bus/connection.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { daemonLogFile, userPaths } from '../common/paths.ts';
import { asKnownFailure } from '../common/system-error.ts';
import { printable } from '../common/text.ts';
import { findServiceManager } from '../systemd/notify.ts';
import { takeSockets } from '../systemd/sockets.ts';
import { thisHost } from './compose.ts';
import { makeDirectories, serveManager } from './daemon.ts';
import { type DaemonLog, openLog } from './log.ts';
import { refuseStarters, type Starter } from './refuse.ts';
import { logSettings, readLogSettings } from './reload.ts';
import type { Surroundings } from './surroundings.ts';

const busTimeoutMs = 10_000;
/**
 * Of an end by a bug and of one for want of the bus, as sysexits.h has them. The unit has systemd start the daemon
 * again after these, unlike after what a new start does not mend.
 */
const bugStatus = 70;
const noBusStatus = 75;

/** Runs bangerd until it ends; the status is for whoever started it, and so is the last line of stderr. */
async function main(): Promise<number> {
  let log: DaemonLog | undefined;
  let starter: Starter | undefined;
  try {
    const sockets = takeSockets();
    const paths = userPaths();
    makeDirectories(paths);
    const settings = await readLogSettings(paths);
    log = await openLog(daemonLogFile(paths.state), settings.level);
    logSettings(log.log, settings);
    const signals = followSignals(log);
    const service = await findServiceManager((message) => log?.log.error(message));
    const bus = await Bus.connect(daemonBusAddress(process.env), busTimeoutMs);
    starter = { service, bus, sockets };
    const lostBus = await serveManager({ bus, platform: thisHost, paths, log, service, sockets, ...signals });
    return lostBus ? noBusStatus : 0;
  } catch (thrown) {
    const error = asKnownFailure(thrown);
    log?.log.fatal({ err: error }, getMessage(error));
    // The journal would have it twice.
    if (!log || log.file !== undefined) console.error(`bangerd: ${printable(getMessage(error))}`);
    if (log && starter) await refuseStarters(starter, error, log.place);
    return error instanceof BangerError && error.code === 'Busy' ? 0 : 1;
  }
}

/** Has signals end the daemon or its configuration read again, and an error that nobody caught end it at once. */
function followSignals({ log }: DaemonLog): Pick<Surroundings, 'stop' | 'onReload'> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stop.abort(`received ${signal}`));
  }
  // Before it is ready it has just read the configuration.
  const reloads = new EventEmitter<{ reload: [] }>();
  process.on('SIGHUP', () => reloads.emit('reload'));
  process.on('uncaughtException', (error) => {
    // A bug. What it left half done is put right by the next daemon, so there is nothing to save here.
    log.fatal({ err: error }, 'bangerd exits because of an uncaught error');
    process.exit(bugStatus);
  });
  return { stop: stop.signal, onReload: (listener) => reloads.on('reload', listener) };
}

// Whatever is still open, such as a log line on its way, must not keep the daemon from ending.
// (Without a top-level await, which a CommonJS bundle cannot have.)
void main().then((status) => process.exit(status));
