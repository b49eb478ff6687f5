import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allPids, isLive, readStat, readVariable } from '../../src/common/proc.ts';
import { ProcessSupervisor } from '../../src/supervise/process.ts';
import type { Supervised } from '../../src/supervise/supervisor.ts';

type SupervisedProcess = Extract<Supervised, { kind: 'process' }>;

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
const logFile = join(directory, 'log');
const never = new AbortController().signal;
const supervisor = new ProcessSupervisor();
after(() => rmSync(directory, { recursive: true }));

async function start(script: string): Promise<SupervisedProcess> {
  const supervised = await supervisor.start(
    'banger-test',
    { file: '/bin/sh', args: ['-c', script] },
    logFile,
  );
  assert.equal(supervised.kind, 'process');
  return supervised;
}

function marked(mark: string): number[] {
  return allPids().filter((pid) => isLive(readStat(pid)) && readVariable(pid, 'BANGER_SUPERVISED') === mark);
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 250; i++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail('it did not come to pass within 5 s');
}

test('the pid of a program is known while it runs', async () => {
  const supervised = await start('exec sleep 1000');
  assert.equal(await supervisor.mainPid(supervised), supervised.pid);
  assert.equal(await supervisor.mainPid({ ...supervised, startTime: 1 }), undefined);
  await supervisor.kill(supervised);
  assert.equal(await supervisor.mainPid(supervised), undefined);
});

test('a program runs in a session of its own, with its output in the log, and is heard to end', async () => {
  const supervised = await start('echo said; echo complained >&2; cat /proc/self/stat; exit 3');
  await supervisor.ended(supervised, never);
  assert.equal(await supervisor.isRunning(supervised), false);
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['said', 'complained']);
  assert.equal(lines[2]?.split(' ')[5], String(supervised.pid));
});

test('a program gets nothing of our environment', async () => {
  process.env.BANGER_TEST_SECRET = 'secret';
  const log = join(directory, 'environment');
  const supervised = await supervisor.start('banger-test', { file: '/usr/bin/env', args: [] }, log);
  await supervisor.ended(supervised, never);
  assert.doesNotMatch(readFileSync(log, 'utf8'), /secret|HOME=/);
});

test('a program that is not there is an error at once', async () => {
  await assert.rejects(supervisor.start('banger-test', { file: '/nonexistent', args: [] }, logFile), {
    code: 'HostNotReady',
    message: /cannot start \/nonexistent/,
  });
});

test('how a program of ours ended is told, also after the end', async () => {
  assert.deepEqual(await supervisor.ended(await start('exit 0'), never), {
    clean: true,
    how: 'exited with status 0',
  });
  assert.deepEqual(await supervisor.ended(await start('exit 3'), never), {
    clean: false,
    how: 'exited with status 3',
  });
  const killed = await start('kill -9 $$');
  for (const _ of ['first', 'again']) {
    assert.deepEqual(await supervisor.ended(killed, never), { clean: false, how: 'was killed by SIGKILL' });
  }
});

test('of a program that has ended a moment ago it is known how', async () => {
  const supervised = await start('exit 3');
  // The event loop has no turn here in which we could hear of it.
  while (readStat(supervised.pid)?.state !== 'Z');
  assert.deepEqual(await supervisor.ended(supervised, never), { clean: false, how: 'exited with status 3' });
});

test('killing ends all that belongs to the program, also what left its session', async () => {
  const supervised = await start('sleep 1000 & setsid sleep 1000 & wait');
  await until(() => marked(supervised.mark).length === 3);
  await supervisor.kill(supervised);
  assert.deepEqual(marked(supervised.mark), []);
  assert.equal(await supervisor.isRunning(supervised), false);
  assert.equal(readStat(supervised.pid), undefined, 'it is a zombie');
  await supervisor.kill(supervised);
});

test('a signal reaches the program itself and nothing that it started', async () => {
  const supervised = await start('trap "echo heard >&2; exit" TERM; sleep 1000 & echo set >&2; wait');
  await until(() => readFileSync(logFile, 'utf8').endsWith('set\n'));
  assert.equal(await supervisor.signal(supervised, 'SIGTERM'), true);
  await supervisor.ended(supervised, never);
  assert.match(readFileSync(logFile, 'utf8'), /heard\n$/);
  assert.equal(marked(supervised.mark).length, 1);
  assert.equal(await supervisor.signal(supervised, 'SIGKILL'), false);
  await supervisor.kill(supervised);
});

test('a program can be frozen and let go on', async () => {
  const supervised = await start('while :; do sleep 0.1; done');
  await supervisor.signal(supervised, 'SIGSTOP');
  await until(() => readStat(supervised.pid)?.state === 'T');
  assert.equal(await supervisor.isRunning(supervised), true);
  await supervisor.signal(supervised, 'SIGCONT');
  await until(() => readStat(supervised.pid)?.state !== 'T');
  await supervisor.kill(supervised);
});

test('killing ends what outlived the program', async () => {
  const supervised = await start('sleep 1000 &');
  await supervisor.ended(supervised, never);
  assert.equal(marked(supervised.mark).length, 1);
  await supervisor.kill(supervised);
  assert.deepEqual(marked(supervised.mark), []);
});

test('another process with the same pid is left alone', async () => {
  const innocent = spawn('sleep', ['1000'], { detached: true });
  try {
    const pid = innocent.pid ?? 0;
    const startTime = readStat(pid)?.startTime ?? 0;
    const record = { ...(await start('exit 0')), pid };
    for (const recycled of [
      { ...record, startTime: startTime - 1 },
      { ...record, startTime, bootId: 'of another boot' },
    ]) {
      assert.equal(await supervisor.isRunning(recycled), false);
      assert.equal(await supervisor.signal(recycled, 'SIGKILL'), false);
      await supervisor.ended(recycled, never);
      await supervisor.kill(recycled);
    }
    assert.ok(isLive(readStat(pid)));
  } finally {
    innocent.kill('SIGKILL');
    await once(innocent, 'exit');
  }
});

test('waiting for the end can be given up', async () => {
  const supervised = await start('sleep 1000');
  const abort = new AbortController();
  const waiting = supervisor.ended(supervised, abort.signal);
  abort.abort();
  await assert.rejects(waiting, { code: 'Cancelled' });
  await assert.rejects(supervisor.ended(supervised, abort.signal), { code: 'Cancelled' });
  await supervisor.kill(supervised);
});

test('a program survives its starter and the hangup of its terminal, and is adopted', async () => {
  const script = join(import.meta.dirname, 'starter.ts');
  const args = [script, logFile, '/bin/sh', '-c', 'sleep 1000 & wait'];
  const starter = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(starter.stdout, 'data');
  const supervised: SupervisedProcess = JSON.parse(String(line));
  const group = starter.pid ?? 0;
  process.kill(-group, 'SIGHUP');
  process.kill(-group, 'SIGKILL');
  await once(starter, 'exit');

  const adopter = new ProcessSupervisor();
  assert.equal(await adopter.isRunning(supervised), true);
  const ended = adopter.ended(supervised, never);
  assert.equal(await Promise.race([ended, sleep(400, 'still there')]), 'still there');
  await adopter.kill(supervised);
  await ended;
  assert.deepEqual(marked(supervised.mark), []);
});
