import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { health } from '../../src/guest/agent.ts';
import { AgentBudget, AgentBudgets } from '../../src/guest/agent-budget.ts';
import { ReplyReader } from '../../src/guest/reply.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { attacks } from './liar.ts';

/** An agent in a thread of its own. @returns how it is connected to */
async function startAgent(t: TestContext, name: string): Promise<() => Promise<Duplex>> {
  const path = join(temporaryDirectory(t), 's');
  const worker = new Worker(join(import.meta.dirname, 'liar.ts'), { workerData: { path, name } });
  t.after(() => worker.terminate());
  await once(worker, 'message');
  return async () => {
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  };
}

/** The thread's own processor time that something takes, in milliseconds. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

const floods = [
  'endless heads of others',
  'endless heads with a large length and no body',
  'heads that never end',
  'one head that never ends',
  'the beginning of a head without end',
  'garbage without a line end',
  'empty lines without end',
  'bodies of others without end',
  'a hundred thousand replies to others',
  'replies in tiny chunks',
];
/** Far more than a call costs, and far less than what each of these cost once. */
const maxCpuMs = 1_000;
const maxMemory = 64 * 1024 * 1024;

for (const name of Object.keys(attacks)) {
  test(`an agent that sends ${name} costs a bounded time and memory`, async (t) => {
    const agent = await startAgent(t, name);
    const budget = new AgentBudget();
    let most = 0;
    const memory = () => process.memoryUsage().arrayBuffers;
    const before = memory();
    const sampler = setInterval(() => {
      most = Math.max(most, memory() - before);
    }, 5);
    const isFlood = floods.includes(name);
    const timeoutMs = isFlood ? 20_000 : 1_000;
    const began = performance.now();
    const cpu = await cpuOf(() =>
      assert.rejects(health(agent, { timeoutMs, budget }), (error: { code?: string; message: string }) => {
        if (isFlood) assert.match(error.message, /was cut off because it keeps sending/);
        return error.code === 'GuestUnreachable' || (!isFlood && error.code === 'Timeout');
      }),
    );
    clearInterval(sampler);
    const took = performance.now() - began;
    t.diagnostic(
      `${cpu.toFixed(0)} ms of CPU, ${(most / 2 ** 20).toFixed(1)} MiB, ended after ${took.toFixed(0)} ms`,
    );
    assert.ok(cpu < maxCpuMs, `${cpu} ms of CPU`);
    assert.ok(most < maxMemory, `${most} bytes`);
  });
}

test('whatever comes, little of it is kept, and no more heads are read than there are', () => {
  for (const [name, attack] of Object.entries(attacks)) {
    const reader = new ReplyReader((id) => id === 'asked');
    let [bytes, parts, most] = [0, 0, 0];
    for (const part of attack('asked')) {
      if (part === 'wait' || ++parts > 50_000 || bytes > 3_000_000) break;
      reader.push(Buffer.from(part));
      bytes += part.length;
      most = Math.max(most, reader.keptBytes);
    }
    assert.ok(most <= 520 * 1024, `${name}: ${most} bytes`);
    assert.ok(most <= 2 * bytes + 16 * 1024, `${name}: ${most} bytes were kept of ${bytes}`);
    assert.ok(reader.headsRead <= bytes / 40, `${name}: ${reader.headsRead} heads in ${bytes} bytes`);
  }
});

test('a head with a large length takes no more memory than came', () => {
  const reader = new ReplyReader(() => true);
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nContent-Length: 524288\r\n\r\n{'));
  assert.ok(reader.keptBytes <= 16 * 1024, `${reader.keptBytes}`);
});

test('an agent that was cut off is not connected to again, until what it has cost is forgotten', async (t) => {
  const told: string[] = [];
  const budgets = new AgentBudgets((id, why) => told.push(`${id}: ${why}`));
  const flood = await startAgent(t, 'bodies of others without end');
  let connections = 0;
  const counted = () => {
    connections++;
    return flood();
  };
  const ask = () => health(counted, { timeoutMs: 10_000, budget: budgets.of('a1') });
  await assert.rejects(ask(), { code: 'GuestUnreachable' });
  await assert.rejects(ask(), {
    message:
      'the guest agent was cut off because it keeps sending data that was not requested; restart the VM to have it asked again',
  });
  assert.equal(connections, 1);
  assert.deepEqual(told, [
    'a1: the guest agent was cut off because it keeps sending data that was not requested',
  ]);
  budgets.of('b2').check();
  budgets.forget('a1');
  budgets.of('a1').check();
});

test('others have their turn after each slice of what a guest sends', async (t) => {
  const agent = await startAgent(t, 'bodies of others without end');
  const budget = new AgentBudget();
  let [spent, most, turns] = [0, 0, 0];
  const spend = budget.spend.bind(budget);
  budget.spend = (units) => {
    spent += units;
    spend(units);
  };
  const asked = health(agent, { timeoutMs: 10_000, budget }).catch(() => undefined);
  let isOver = false;
  void asked.then(() => {
    isOver = true;
  });
  for (; !isOver; turns++) {
    spent = 0;
    await turn();
    most = Math.max(most, spent);
  }
  t.diagnostic(`${most} units at most in a turn, ${turns} turns`);
  assert.ok(most <= 160 * 1024, `${most} units in one turn`);
  assert.ok(turns > 30, `${turns} turns`);
});

test('calls to one guest do not wait for another that lies', async (t) => {
  const good = await startAgent(t, 'none');
  const liars = await Promise.all(
    ['endless heads with a large length and no body', 'heads that never end', 'replies in tiny chunks'].map(
      (name) => startAgent(t, name),
    ),
  );
  const latency = async () => {
    const began = performance.now();
    await health(good, { timeoutMs: 10_000 });
    return performance.now() - began;
  };
  const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  await latency();
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let call = 0; call < 6; call++) alone.push(await latency());
    let isLying = true;
    const lies = Promise.allSettled(liars.map((liar) => health(liar, { timeoutMs: 2_000 })));
    void lies.then(() => {
      isLying = false;
    });
    while (isLying) beside.push(await latency());
  }
  const tell = (all: number[]) =>
    `median ${median(all).toFixed(1)} ms, max ${Math.max(...all).toFixed(1)} ms of ${all.length}`;
  t.diagnostic(`alone: ${tell(alone)}; beside three liars: ${tell(beside)}`);
  assert.ok(beside.length >= 8, `${beside.length} calls`);
  assert.ok(median(beside) <= 50 + median(alone), tell(beside));
  // Seconds, when a call had to wait for a liar.
  assert.ok(Math.max(...beside) <= 1_000 + 4 * Math.max(...alone), tell(beside));
});
