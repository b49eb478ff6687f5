import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../../src/bus/connection.ts';
import { managerName, managerPath } from '../../src/bus/interfaces.ts';
import { messageType } from '../../src/bus/wire.ts';
import { shutDown } from '../../src/daemon/shutdown.ts';
import { Jobs } from '../../src/job/jobs.ts';
import { startBus } from '../bus/bus-daemon.ts';

/** A daemon that leaves while the calls that are given come in, in the moment before its name is free. */
async function shutDownUnder(calls: number, { workMs, stop }: { workMs: number; stop: AbortSignal }) {
  await using busDaemon = await startBus();
  const [server, client] = await Promise.all([
    Bus.connect(busDaemon.address, 5_000),
    Bus.connect(busDaemon.address, 5_000),
  ]);
  const told: string[] = [];
  const results: string[] = [];
  const jobs = new Jobs(() => undefined);
  jobs.on('ended', (_job, { result }) => {
    told.push('job ended');
    results.push(result);
  });
  const answers = new Set<Promise<void>>();
  server.serve((message) => {
    jobs.start(
      { kind: 'pull-kernel', object: { kind: 'none', id: '' }, cancelable: true },
      async ({ signal }) => {
        await sleep(workMs, undefined, { signal });
      },
    );
    const answer = sleep(20).then(() => {
      const header = { replySerial: message.serial, destination: message.sender ?? '' };
      server.send({ type: messageType.reply, ...header }, []);
    });
    answers.add(answer);
  });
  await server.requestName(managerName);
  const waiting: Promise<unknown>[] = [];
  const call = { destination: managerName, path: managerPath, interface: managerName, member: 'Work' };
  let left = calls;
  await shutDown({
    bus: {
      releaseName: async (name) => {
        for (; left > 0; left--) waiting.push(client.call(call));
        // They are on their way to us.
        await client.roundTrip();
        told.push('release');
        await server.releaseName(name);
      },
      requestName: (name) => {
        told.push('request');
        return server.requestName(name);
      },
      roundTrip: () => server.roundTrip(),
    },
    service: { stopping: () => told.push('stopping'), extend: () => told.push('extend') },
    tree: {
      settled: async () => {
        await Promise.all(answers);
      },
    },
    http: { close: async () => void told.push('close') },
    jobs,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    stop,
  });
  server.close();
  const answered = (await Promise.allSettled(waiting)).filter(({ status }) => status === 'fulfilled').length;
  client.close();
  return { told, results, answered };
}

test('systemd is told first, then the socket and the name go', async () => {
  const { told } = await shutDownUnder(0, { workMs: 0, stop: new AbortController().signal });
  assert.deepEqual(told, ['stopping', 'close', 'release']);
});

test('work that calls began in the last moment is done first, by a daemon that has its name', async () => {
  const { told, results, answered } = await shutDownUnder(3, {
    workMs: 200,
    stop: new AbortController().signal,
  });
  assert.equal(answered, 3);
  assert.deepEqual(results, ['done', 'done', 'done']);
  const ends = ['job ended', 'job ended', 'job ended'];
  assert.deepEqual(told, ['stopping', 'close', 'release', 'request', 'extend', ...ends, 'release']);
});

test('a daemon that was told to end undoes it instead, and the calls are answered all the same', async () => {
  const begin = performance.now();
  const { told, results, answered } = await shutDownUnder(2, { workMs: 60_000, stop: AbortSignal.abort() });
  assert.equal(answered, 2);
  assert.equal(results.length, 2);
  assert.ok(results.every((result) => result !== 'done'));
  assert.ok(!told.includes('request'));
  assert.ok(performance.now() - begin < 10_000);
});
