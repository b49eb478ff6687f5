import { systemBusAddress } from '../bus/address.ts';
import { Bus } from '../bus/connection.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { printable } from '../common/text.ts';
import { serveNetwork } from './daemon.ts';
import { removeAll } from './remove-all.ts';

const busTimeoutMs = 10_000;
const defaultGraceMs = 60_000;
const usage = 'usage: banger-netd [--remove-all]';

/** Standard error is the journal; sd-daemon(3) has the levels. */
const log: Log = {
  info: (_, message) => tell(6, message),
  warn: (_, message) => tell(4, message),
  error: (_, message) => tell(3, message),
};

/** What it says may hold words of callers, and a line end would begin another entry. */
function tell(level: number, message: string): void {
  console.error(`<${level}>${printable(message)}`);
}

/** Runs banger-netd until it ends; gives the exit status. */
async function main([argument, ...more]: readonly string[]): Promise<number> {
  try {
    if (process.getuid?.() !== 0)
      throw new BangerError('HostNotReady', 'banger-netd needs to be root', {
        remedy: 'start the unit banger-netd.service',
      });
    if (more.length > 0 || (argument !== undefined && argument !== '--remove-all'))
      throw new BangerError('InvalidArgs', usage);
    if (argument === '--remove-all') await removeAll();
    else await run();
    return 0;
  } catch (error) {
    log.error({}, getMessage(error));
    return error instanceof BangerError && error.code === 'InvalidArgs' ? 2 : 1;
  }
}

async function run(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const { env } = process;
  const graceMs = Number(env.BANGER_NETD_GRACE_MS) || defaultGraceMs;
  const bus = await Bus.connect(systemBusAddress(env), busTimeoutMs);
  await serveNetwork({ bus, log, stop: stop.signal, graceMs });
}

void main(process.argv.slice(2)).then((status) => process.exit(status));
