import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A message bus for one test, with its own directory. */
export interface TestBus extends AsyncDisposable {
  address: string;
  /** Its address as it tells it, with which bus it is. */
  ownAddress: string;
  directory: string;
  /** Ends the bus as a crash would. */
  kill(): Promise<void>;
}

/** Starts a dbus-daemon that activates nothing and ends it, with all its files, on disposal. */
export async function startBus(): Promise<TestBus> {
  const directory = mkdtempSync(join(tmpdir(), 'banger-test-bus-'));
  const address = `unix:path=${directory}/socket`;
  const config = join(directory, 'bus.conf');
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>${address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
  );
  // A test that is killed takes its bus along.
  const daemon: ChildProcess = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'dbus-daemon',
      `--config-file=${config}`,
      '--nofork',
      '--nopidfile',
      '--print-address=3',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );
  const ready = daemon.stdio[3];
  if (!ready) throw new Error('no pipe to dbus-daemon');
  const told = await Promise.race([
    once(ready, 'data').then(([line]) => String(line).trim()),
    once(daemon, 'error').then(([error]) => Promise.reject<never>(error)),
    once(daemon, 'exit').then(() => Promise.reject<never>(new Error('dbus-daemon ended at once'))),
  ]);
  const kill = async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  };
  return {
    address,
    ownAddress: told,
    directory,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(directory, { recursive: true });
    },
  };
}
