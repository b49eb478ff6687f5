/** No program of banger opens Node's debugger on SIGUSR1: on loopback every user of the host would reach it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { powerDownProgram } from '../../src/daemon/installation.ts';
import { agentSocket } from '../../src/vmm/qemu/arguments.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { assertNoDebugger, opensDebugger } from '../support/debugger.ts';
import { checkout } from '../support/guest-home.ts';
import { type PrivateHome, withPrivateHome } from '../support/home.ts';
import { Running, runProgram } from '../support/program.ts';
import { stagedInstallation } from '../support/stage.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A checkout after `make build`, and an installation. */
const roots: Readonly<Record<string, () => Promise<string>>> = {
  checkout: async () => checkout,
  installation: async () => join(await stagedInstallation(), 'lib'),
};

/** Shows that a program, which runs on until it is ended, has no debugger. */
async function assertProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const program = new Running(file, args, { env });
  try {
    await assertNoDebugger(program.child.pid ?? 0);
  } catch (error) {
    throw new Error(`${file}: ${program.said()}`, { cause: error });
  } finally {
    program.child.kill();
    await program.ended;
  }
}

test('Node without the flag opens its debugger within the time for which the other tests look', async () => {
  const { child, ended } = new Running(process.execPath, [
    '--inspect-port=0',
    '-e',
    'setInterval(() => {}, 1000)',
  ]);
  assert.ok(await opensDebugger(child.pid ?? 0));
  child.kill();
  await ended;
});

for (const [where, root] of Object.entries(roots)) {
  test(`banger of the ${where} opens no debugger`, async () => {
    await withPrivateHome(async ({ env }) => {
      const banger = join(await root(), 'bin/banger');
      await runProgram(banger, ['vm', 'list'], { env });
      await assertProgram(banger, ['daemon', 'logs', '--follow'], env);
      await runProgram(banger, ['daemon', 'stop'], { env });
    });
  });

  test(`bangerd of the ${where} opens no debugger`, async () => {
    await withPrivateHome(async ({ env }) => {
      await using bus = await startBus();
      const bangerd = join(await root(), 'bin/bangerd');
      await assertProgram(bangerd, [], { ...env, DBUS_SESSION_BUS_ADDRESS: bus.address });
    });
  });

  test(`banger-netd of the ${where} opens no debugger`, async () => {
    await withPrivateHome(async (home) => {
      await using bus = await startBus();
      const netd = join(await root(), 'bin/banger-netd');
      const [file = '', ...args] = withSystemBus(home, bus.directory);
      await assertProgram(file, [...args, netd], home.env);
    });
  });
}

for (const [how, programDirectory] of [
  ['bundle', join(checkout, 'build/bundle')],
  ['source', join(checkout, 'src/daemon')],
] as const) {
  test(`the powerdown that units call opens no debugger as a ${how}`, async (t) => {
    const directory = temporaryDirectory(t);
    // An agent that hears and does not answer.
    const agent = createServer(() => undefined).listen(agentSocket(directory, 'control'));
    const vmm = spawn('sleep', ['1000']);
    t.after(() => {
      agent.close();
      vmm.kill();
    });
    const { file, args } = powerDownProgram(programDirectory);
    await assertProgram(file, [...args, directory], { MAINPID: String(vmm.pid) });
  });
}

/** The beginning of a command line that runs the rest of it where a test's bus is that of the system, without a network. */
function withSystemBus({ directory }: PrivateHome, busDirectory: string): string[] {
  const run = join(directory, 'system-run');
  mkdirSync(join(run, 'dbus'), { recursive: true });
  symlinkSync(join(busDirectory, 'socket'), join(run, 'dbus/system_bus_socket'));
  return ['unshare', '--net', '--mount', 'sh', '-euc', 'mount --bind "$0" /run; exec "$@"', run];
}
