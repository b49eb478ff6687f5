import type { Logger } from 'pino';
import { daemonBusAddress } from '../bus/activation.ts';
import { Bus } from '../bus/connection.ts';
import { BangerError, messageOf } from '../common/errors.ts';
import { daemonLogFile, type Paths, userPaths } from '../common/paths.ts';
import { asKnownFailure } from '../common/system-error.ts';
import { configFile, environmentProblem, logLevelOf, readConfigFile } from '../config/config.ts';
import { makeDirectories, serve } from './daemon.ts';
import { openLog } from './log.ts';

const busTimeoutMs = 10_000;

/** Runs bangerd until it ends; the status is for whoever started it, and so is the last line of stderr. */
async function main(): Promise<number> {
  let log: Logger | undefined;
  try {
    const paths = userPaths();
    makeDirectories(paths);
    // A broken configuration must not keep away what tells about it; it is an error of each call that needs it.
    const config = await readConfigFile(configFile(paths));
    log = openLog(daemonLogFile(paths.state), logLevelOf() ?? config.settings.logLevel ?? 'info');
    for (const problem of [...config.problems, environmentProblem()]) if (problem) log.error(problem);
    for (const warning of config.warnings) log.warn(warning);
    await serveUntilStopped(paths, log);
    return 0;
  } catch (thrown) {
    const error = asKnownFailure(thrown);
    log?.fatal({ err: error }, messageOf(error));
    console.error(`bangerd: ${messageOf(error)}`);
    return error instanceof BangerError && error.code === 'Busy' ? 0 : 1;
  }
}

async function serveUntilStopped(paths: Paths, log: Logger): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(signal));
  }
  process.on('uncaughtException', (error) => {
    // A bug. What it left half done is put right by the next daemon, so there is nothing to save here.
    log.fatal({ err: error }, 'bangerd ends by an error nobody caught');
    process.exit(1);
  });
  const bus = await Bus.connect(daemonBusAddress(process.env), busTimeoutMs);
  await serve(bus, paths, log, stop.signal);
}

// Whatever is still open, such as a log line on its way, must not keep the daemon from ending.
// (Without a top-level await, which a CommonJS bundle cannot have.)
void main().then((status) => process.exit(status));
