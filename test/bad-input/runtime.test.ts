/** A runtime directory without room, marks of daemons that are gone, and daemons that are one too many. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootId } from '../../src/common/boot.ts';
import { lockFile } from '../../src/common/lock.ts';
import { userPaths } from '../../src/common/paths.ts';
import { readStat } from '../../src/common/proc.ts';
import { identify } from '../../src/common/process.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { checkout } from '../support/guest-home.ts';
import { inNamespace } from '../support/namespace.ts';
import { runProgram } from '../support/program.ts';
import { assertNoVm, assertOneLine, assertRefused, banger, inHome, shown, tellCount } from './support.ts';

const bangerd = join(checkout, 'bin/bangerd');
/** A command that has nothing to wait for is done by then, on a busy machine too. */
const promptlyMs = 8_000;
/** The status of a bangerd whose bus went away, by which systemd starts it again. */
const busLost = 75;

/** Runs `vm list`, and ends its daemon before it leaves the namespace that both are in. */
const listThere = ['sh', '-c', '"$0" "$@"; status=$?; "$0" daemon stop >/dev/null 2>&1; exit $status'];

/** Mount options of a runtime directory, and what fills it. */
const rooms: [options: string, fill: string, mustFail: boolean][] = [
  ['size=4k', 'head -c 64k /dev/zero >"$0/fill" 2>/dev/null || :', true],
  ['size=8k', 'head -c 4k /dev/zero >"$0/fill"', false],
  ...[1, 3, 6, 8, 9, 10, 12].map((inodes): [string, string, boolean] => [
    `size=1m,nr_inodes=${inodes}`,
    ':',
    inodes < 4,
  ]),
];

test('a runtime directory that is full is named, never waited for, and nothing is left in it', async (t) => {
  for (const [options, fill, mustFail] of rooms) {
    await t.test(options, async () => {
      await inHome(async (home) => {
        const runtime = home.env.XDG_RUNTIME_DIR ?? '';
        const prefix = [...inNamespace(`mount -t tmpfs -o ${options},mode=700 none "$0"; ${fill}`), runtime];
        const args = ['vm', 'list', '--json'];
        const ended = await banger(home, { args, prefix: [...prefix, ...listThere] });
        if (ended.status === 0 && !mustFail) assert.equal(ended.stdout.toString(), '[]\n');
        else
          assertOneLine(ended, {
            args,
            status: 1,
            says: /full; free some space there|No space left|has .*room/,
          });
        shown();
        // With room again all is as ever.
        await assertNoVm(home);
      });
    });
  }
});

test('the mark of a daemon that is gone is no daemon', async (t) => {
  const mine = identify(process.pid);
  assert.ok(mine);
  const marks: [name: string, mark: string][] = [
    ['one that has ended', JSON.stringify({ ...mine, pid: 4_194_000 })],
    ['a process that has its pid now', JSON.stringify({ ...mine, startTime: mine.startTime - 1 })],
    ['one of another boot', JSON.stringify({ ...mine, bootId: bootId().replace(/^./, 'x') })],
    ['a mark that was cut off', `{"pid":${process.pid},"st`],
    ['an empty mark', ''],
  ];
  for (const [name, mark] of marks) {
    await t.test(name, async () => {
      await inHome(async (home) => {
        const { state } = userPaths(home.env);
        mkdirSync(state, { recursive: true, mode: 0o700 });
        const busAddress = 'unix:path=/nonexistent/bus';
        writeFileSync(join(state, 'lock'), '');
        writeFileSync(join(state, 'daemon.json'), mark.replace(/\}$/, `,"busAddress":"${busAddress}"}`));
        const began = performance.now();
        await assertNoVm(home);
        assert.ok(performance.now() - began < promptlyMs, 'it was waited for');
        const holder = JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8'));
        const { stdout } = await banger(home, { args: ['daemon', 'status', '--json'] });
        assert.equal(holder.pid, JSON.parse(stdout.toString()).pid);
        shown();
      });
    });
  }
});

test('the mark and the lock of a daemon that was killed are no daemon', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    await assertNoVm(home);
    const { pid } = JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const began = performance.now();
    await assertNoVm(home);
    assert.ok(performance.now() - began < promptlyMs, 'it was waited for');
    assert.notEqual(JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')).pid, pid);
    shown();
  });
});

test('a lock that something else holds: where it is, how to find out, and nothing is touched', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    mkdirSync(state, { recursive: true, mode: 0o700 });
    {
      using lock = await lockFile(join(state, 'lock'), 0);
      assert.ok(lock);
      await assertRefused(home, {
        args: ['vm', 'list'],
        status: 1,
        says: /bangerd did not start: a program that is not bangerd holds \/.*\/lock; end it, `fuser -v /,
      });
      assert.ok(!existsSync(join(state, 'banger.db')));
    }
    await assertNoVm(home);
  });
});

test('a second daemon exits and names the process that has the state', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    await assertNoVm(home);
    const first = JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8'));
    await using other = await startBus();
    for (const address of [first.busAddress, other.address]) {
      const env = { ...home.env, BANGER_BUS_ADDRESS: address };
      const { status, stderr } = await runProgram(bangerd, [], { env, timeoutMs: 20_000 });
      assert.equal(status, 0, stderr);
      assert.match(
        stderr,
        new RegExp(`^bangerd: another bangerd \\(pid ${first.pid}\\) has ${state}; this one ends\n$`),
      );
      shown();
    }
    assert.deepEqual(JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')), first);
    // A client on the other bus is led to the one there is.
    const there = { ...home, env: { ...home.env, DBUS_SESSION_BUS_ADDRESS: other.address } };
    const { stdout } = await banger(there, { args: ['daemon', 'status', '--json'] });
    assert.equal(JSON.parse(stdout.toString()).pid, first.pid);
  });
});

test('five daemons that start at once on five buses are one', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    const buses = await Promise.all(Array.from({ length: 5 }, startBus));
    try {
      const daemons = buses.map(({ address }) =>
        spawn(bangerd, [], { env: { ...home.env, BANGER_BUS_ADDRESS: address }, stdio: 'ignore' }),
      );
      const ends = daemons.map((daemon) => once(daemon, 'exit'));
      // All but one give way.
      const gone = new Set<number>();
      await new Promise<void>((resolve) => {
        for (const [index, end] of ends.entries()) {
          void end.then(() => {
            if (gone.add(index).size === daemons.length - 1) resolve();
          });
        }
      });
      const [left] = daemons.filter((_, index) => !gone.has(index));
      const holder = JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8'));
      assert.ok(left?.pid && readStat(left.pid));
      assert.equal(holder.pid, left.pid);
      await assertNoVm(home);
      shown();
      // Without its bus a daemon ends.
      await Promise.all(buses.map((bus) => bus.kill()));
      const statuses = (await Promise.all(ends)).map(([status]) => status);
      assert.deepEqual(statuses.sort(), [0, 0, 0, 0, busLost]);
    } finally {
      for (const bus of buses) await bus[Symbol.asyncDispose]();
    }
  });
});

test('the count of cases', (t) => tellCount(t));
