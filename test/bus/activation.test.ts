import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToManager } from '../../src/bus/activation.ts';
import { findBus } from '../../src/bus/discovery.ts';
import { privateBusFiles } from '../../src/bus/private-bus.ts';
import { proxy } from '../../src/bus/proxy.ts';
import { run } from '../../src/common/exec.ts';
import { sendSignal } from '../../src/common/kill.ts';
import { daemonLogFile, userPaths } from '../../src/common/paths.ts';
import { checkout } from '../support/guest-home.ts';
import { startBus } from './bus-daemon.ts';

/** A user's home without bus and daemon; whatever was started in it is ended on disposal. */
function makeHome() {
  const home = mkdtempSync(join(tmpdir(), "banger-test ho'me&-"));
  const launcher = join(home, 'bangerd');
  writeFileSync(launcher, `#!/bin/sh\nexec '${join(checkout, 'bin/bangerd')}'\n`, { mode: 0o755 });
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const env: NodeJS.ProcessEnv = {
    HOME: home,
    PATH: process.env.PATH,
    XDG_RUNTIME_DIR: runtime,
    MARK: 'kept',
  };
  const paths = userPaths(env);
  const connect = (more: NodeJS.ProcessEnv = {}, start = true) =>
    connectToManager(paths, { ...env, ...more }, launcher, { start });
  const starts = () =>
    lines(daemonLogFile(paths.state))
      .filter((line) => line.includes('"msg":"ready"'))
      .map((line) => Number(JSON.parse(line).pid));
  /** Waits until so many daemons have been ready. @returns the pids of all that were */
  const started = async (count: number) => {
    await until(() => starts().length >= count);
    return starts();
  };
  return {
    env,
    paths,
    launcher,
    connect,
    started,
    async [Symbol.asyncDispose]() {
      // One may end by itself meanwhile.
      for (const pid of processesOf(home)) sendSignal(pid, 'SIGKILL');
      await until(() => processesOf(home).length === 0);
      rmSync(home, { recursive: true });
    },
  };
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

/** The processes whose environment has this home, but for ourselves; of this program where one is named. */
function processesOf(home: string, program = ''): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return (
          environment.includes(`HOME=${home}`) &&
          readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(program)
        );
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}

function busDaemonsOf(home: string): number[] {
  return processesOf(home, 'dbus-daemon');
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await sleep(20)) {
    assert.ok(Date.now() < deadline, `not within 30 s: ${condition}`);
  }
}

const manager = (bus: Parameters<typeof proxy>[0]) =>
  proxy(bus, '/org/banger/Manager1', 'org.banger.Manager1');

test('ten clients at once with no bus and no daemon: one bus, one daemon, ten answers', async () => {
  await using home = makeHome();
  const args = ['vm', 'list', '--json'];
  const client = () => run({ file: join(checkout, 'bin/banger'), args, env: home.env, timeoutMs: 60_000 });
  const answers = await Promise.all(Array.from({ length: 10 }, client));
  assert.deepEqual(answers, Array(10).fill('[]\n'));
  assert.equal((await home.started(1)).length, 1);
  assert.equal(busDaemonsOf(home.env.HOME ?? '').length, 1);

  const bus = await home.connect({}, false);
  assert.deepEqual(await home.started(1), [(await manager(bus).call('DaemonStatus')).pid]);
  await manager(bus).call('Quit');
  bus.close();
  // The bus ends with the daemon.
  await until(() => processesOf(home.env.HOME ?? '').length === 0);
  assert.equal(existsSync(privateBusFiles(home.paths).address), false);
});

test('what the private bus starts has the environment and nothing of the terminal', async () => {
  await using home = makeHome();
  const bus = await home.connect({ LISTEN_FDS: '1', BANGER_BUS_ADDRESS: 'unix:path=/nowhere' });
  const { pid } = await manager(bus).call('DaemonStatus');
  bus.close();
  for (const each of [Number(pid), ...busDaemonsOf(home.env.HOME ?? '')]) {
    const environment = readFileSync(`/proc/${each}/environ`, 'utf8').split('\0');
    for (const [name, value] of Object.entries(home.env))
      assert.ok(environment.includes(`${name}=${value}`), name);
    assert.equal(
      environment.some((entry) => /^(LISTEN_FDS|BANGER_BUS_ADDRESS)=/.test(entry)),
      false,
    );
    const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.equal(terminal, '0');
    const ourSession = readFileSync('/proc/self/stat', 'utf8').split(' ')[5];
    assert.notEqual(session, ourSession);
    for (const fd of [0, 1, 2]) {
      assert.ok(
        ['/dev/null', privateBusFiles(home.paths).log].includes(readlinkSync(`/proc/${each}/fd/${fd}`)),
      );
    }
  }
});

test('the private bus is for its user alone', async () => {
  await using home = makeHome();
  (await home.connect()).close();
  assert.equal((await findBus(home.paths, home.env))?.kind, 'private');
  chmodSync(privateBusFiles(home.paths).directory, 0o755);
  await assert.rejects(home.connect(), { code: 'HostNotReady' });
  chmodSync(privateBusFiles(home.paths).directory, 0o700);
});

test('without start nothing is started', async () => {
  await using home = makeHome();
  await assert.rejects(home.connect({}, false), { code: 'DaemonUnreachable' });
  assert.equal(await findBus(home.paths, home.env), undefined);
  assert.deepEqual(processesOf(home.env.HOME ?? ''), []);
  await using session = await startBus();
  await assert.rejects(home.connect({ DBUS_SESSION_BUS_ADDRESS: session.address }, false), {
    code: 'DaemonUnreachable',
  });
  assert.deepEqual(await home.started(0), []);
});

test('a session bus that knows no bangerd gets one from us, once', async () => {
  await using home = makeHome();
  await using session = await startBus();
  const env = { DBUS_SESSION_BUS_ADDRESS: session.address };
  const buses = await Promise.all(Array.from({ length: 10 }, () => home.connect(env)));
  const pids = await Promise.all(buses.map(async (bus) => (await manager(bus).call('DaemonStatus')).pid));
  assert.equal(new Set(pids).size, 1);
  assert.equal((await home.started(1)).length, 1);
  assert.ok(buses.every((bus) => bus.address === session.address));
  for (const bus of buses) bus.close();
  assert.deepEqual(busDaemonsOf(home.env.HOME ?? ''), []);
});

test('a session address that is dead is passed over', async () => {
  await using home = makeHome();
  const bus = await home.connect({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' });
  assert.equal(bus.address, (await findBus(home.paths, home.env))?.address);
  bus.close();
});

test('a daemon on another bus is followed there', async () => {
  await using home = makeHome();
  const first = await home.connect();
  await using session = await startBus();
  const second = await home.connect({ DBUS_SESSION_BUS_ADDRESS: session.address }, false);
  assert.equal(
    (await manager(second).call('DaemonStatus')).pid,
    (await manager(first).call('DaemonStatus')).pid,
  );
  assert.equal((await home.started(1)).length, 1);
  first.close();
  second.close();
});

test('after a crash of the daemon the same bus starts another', async () => {
  await using home = makeHome();
  const first = await home.connect();
  const { pid } = await manager(first).call('DaemonStatus');
  const gone = Promise.withResolvers<void>();
  await first.watchName('org.banger.Manager1', gone.resolve);
  process.kill(Number(pid), 'SIGKILL');
  await gone.promise;
  // A plain call is enough: the bus activates.
  assert.notEqual((await manager(first).call('DaemonStatus')).pid, pid);
  assert.equal((await home.started(2)).length, 2);
  first.close();
});

test('after a crash of the bus another takes its place', async () => {
  await using home = makeHome();
  const first = await home.connect();
  const [dead] = busDaemonsOf(home.env.HOME ?? '');
  process.kill(dead ?? 0, 'SIGKILL');
  await first.closed;
  const second = await home.connect();
  assert.match(await manager(second).get('Version'), /^\d+\.\d+\.\d+$/);
  assert.notEqual(busDaemonsOf(home.env.HOME ?? '')[0], dead);
  second.close();
});

test('a daemon that cannot start says why and leaves nothing', async () => {
  await using home = makeHome();
  mkdirSync(home.paths.state, { recursive: true, mode: 0o700 });
  writeFileSync(join(home.paths.state, 'banger.db'), 'not a database', { mode: 0o600 });
  const damaged = /^bangerd did not start: .*\/banger\.db is damaged \(.*\); move it away to start afresh: /;
  await assert.rejects(home.connect(), { code: 'DaemonUnreachable', message: damaged });
  assert.deepEqual(processesOf(home.env.HOME ?? ''), []);
  await using session = await startBus();
  const env = { DBUS_SESSION_BUS_ADDRESS: session.address };
  await assert.rejects(home.connect(env), { code: 'DaemonUnreachable', message: damaged });
});

test('the message of a daemon that could not start and named no remedy has one', async () => {
  await using home = makeHome();
  writeFileSync(home.launcher, '#!/bin/sh\necho "bangerd: no disk" >&2\nexit 1\n');
  await using session = await startBus();
  await assert.rejects(home.connect({ DBUS_SESSION_BUS_ADDRESS: session.address }), {
    message: /^bangerd did not start: no disk; try again/,
  });
});

test('without dbus-daemon the message names the package', async () => {
  await using home = makeHome();
  await assert.rejects(home.connect({ PATH: '/nonexistent' }), {
    code: 'HostNotReady',
    message: /install the package dbus/,
  });
});

test('clients that come while the daemon goes are all answered', async () => {
  await using home = makeHome();
  for (let round = 0; round < 8; round++) {
    const bus = await home.connect();
    await manager(bus).call('Quit');
    bus.close();
    await sleep(round * 12);
    const next = await home.connect();
    assert.match(await manager(next).get('Version'), /^\d+\.\d+\.\d+$/, `round ${round}`);
    next.close();
  }
});
