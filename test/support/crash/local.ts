import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { userPaths } from '../../../src/common/paths.ts';
import { readVariable } from '../../../src/common/proc.ts';
import { startBus } from '../../bus/bus-daemon.ts';
import { checkout } from '../guest-home.ts';
import { endLeftovers, processesIn } from '../guest-leftovers.ts';
import type { TinyInstallation } from '../tiny/installation.ts';
import type { CrashHost } from './home.ts';

/** This machine, with VMMs as processes and a bus that starts nothing by itself: the CLI starts the daemon. */
export async function localHost(installation: TinyInstallation): Promise<CrashHost & AsyncDisposable> {
  const bus = await startBus();
  const home = join(checkout, 'build/test/crash/home');
  await endLeftovers([home]);
  rmSync(home, { recursive: true, force: true });
  const runtime = mkdtempSync('/tmp/bt-');
  const temporary = join(home, 'tmp');
  for (const directory of [home, temporary]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const foreign = /^(XDG_.*|DBUS_.*|BANGER_.*|NODE_.*)$/;
  const own = Object.entries(process.env).filter(([variable]) => !foreign.test(variable));
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(own),
    ...installation.env,
    HOME: home,
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: runtime,
    DBUS_SESSION_BUS_ADDRESS: bus.address,
    LC_ALL: 'C.UTF-8',
  };
  const directories = [home, runtime];
  return {
    prefix: [],
    env,
    temporary,
    root: '',
    paths: userPaths(env),
    banger: installation.banger,
    // The bus has none of our directories in its environment.
    isExpected: () => false,
    async dieAt(point) {
      if (point === undefined) delete env.BANGER_DIE_AT;
      else env.BANGER_DIE_AT = point;
    },
    pidHere: (pid) => pid,
    processes: () => processesIn(directories),
    isOf: (id, pid) => readVariable(pid, 'BANGER_SUPERVISED')?.startsWith(`banger-vm-${id}:`) === true,
    others: async () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => directories.some((directory) => line.includes(directory))),
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}
