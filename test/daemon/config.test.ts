import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../../src/bus/connection.ts';
import { managerPath } from '../../src/bus/interfaces.ts';
import { proxy } from '../../src/bus/proxy.ts';
import { startBus } from '../bus/bus-daemon.ts';

const main = join(import.meta.dirname, '../../src/daemon/main.ts');
const deadlineMs = 40_000;

/** Starts bangerd with a configuration, asks it its log level and ends it; gives what it logged, too. */
async function startWith(config: string, env: NodeJS.ProcessEnv = {}) {
  await using bus = await startBus();
  const home = bus.directory;
  mkdirSync(join(home, '.config', 'banger'), { recursive: true });
  writeFileSync(join(home, '.config', 'banger', 'config.toml'), config);
  const daemon = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      XDG_RUNTIME_DIR: join(home, 'run'),
      DBUS_SESSION_BUS_ADDRESS: bus.address,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  const ended = once(daemon, 'exit');
  const client = await Bus.connect(bus.address, deadlineMs);
  const manager = proxy(client, managerPath, 'org.banger.Manager1');
  let level: string | undefined;
  while (level === undefined && daemon.exitCode === null && daemon.signalCode === null) {
    // Until it has its name.
    level = await manager.get('LogLevel').catch(() => sleep(50, undefined));
  }
  daemon.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  client.close();
  const log = readFileSync(join(home, '.local', 'state', 'banger', 'bangerd.log'), 'utf8');
  const lines: { msg: string }[] = log.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
  return { level, said: lines.map(({ msg }) => msg.replace(`${home}/.config/banger/`, '')) };
}

test('bangerd logs at the level of the configuration, and each of its warnings once', async () => {
  const { level, said } = await startWith('log_level = "warn"\nruntime_dir = "/x"\n');
  assert.equal(level, 'warn');
  assert.deepEqual(said, [
    'config.toml:2: runtime_dir of the older tool is ignored: banger finds its own parts; leave it out',
  ]);
});

test('BANGER_LOG_LEVEL overrides the configuration', async () => {
  const { level } = await startWith('log_level = "warn"\n', { BANGER_LOG_LEVEL: 'debug' });
  assert.equal(level, 'debug');
});

test('a broken configuration and a level that there is not keep bangerd from nothing', async () => {
  const { level, said } = await startWith('log_level = "warn"\nvmm = 1\n', { BANGER_LOG_LEVEL: 'loud' });
  assert.equal(level, 'info');
  assert.deepEqual(said.slice(0, 2), [
    'config.toml:2: vmm must be "auto" or "qemu" or "firecracker"; it is 1',
    'BANGER_LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error',
  ]);
  assert.ok(said.slice(2).includes('ready'), said.join('\n'));
});
