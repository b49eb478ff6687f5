import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/common/exec.ts';
import { growFileSystems, health, listPorts, powerOff, setClock, waitReady } from '../../src/guest/agent.ts';
import { ReplyReader } from '../../src/guest/reply.ts';
import { usage } from '../../src/guest/usage.ts';

const root = join(import.meta.dirname, '..', '..');
const agent = join(root, 'build/guest/agent');
const call = { timeoutMs: 10_000 };
const children: ChildProcess[] = [];

before(() =>
  run({
    file: 'make',
    args: ['-s', '-f', 'guest/agent/agent.mk', 'build/guest/agent'],
    cwd: root,
    timeoutMs: 120_000,
  }),
);

after(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    // What a child started reads the same standard input, and ends with it.
    child.stdin?.end();
    child.kill();
    await once(child, 'exit');
  }
});

function start(file: string, args: readonly string[]): { child: ChildProcess; stream: Duplex } {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.stdin.on('error', () => undefined);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // One that is killed closes it in the middle.
  stream.on('error', () => undefined);
  return { child, stream };
}

const connect = async () => start(agent, ['--stdio']).stream;

/** Sends pieces to one agent, waiting between them, and gives the ids and statuses of its replies so far. */
async function talk(pieces: readonly (string | Buffer)[], waitMs: number, until: string): Promise<string[]> {
  const { stream, child } = start(agent, ['--stdio']);
  const reader = new ReplyReader(() => true);
  const replies: string[] = [];
  const done = Promise.withResolvers<void>();
  stream.on('data', (chunk: Buffer) => {
    for (const { id, status } of reader.push(chunk)) {
      replies.push(`${id} ${status}`);
      if (id === until) done.resolve();
    }
  });
  for (const piece of pieces) {
    stream.write(piece);
    if (waitMs > 0) await sleep(waitMs);
  }
  const deadline = AbortSignal.timeout(10_000);
  deadline.addEventListener('abort', () => done.reject(new Error(`no reply to ${until}, only ${replies}`)));
  await done.promise.finally(() => child.kill());
  return replies;
}

function get(path: string, id: string): string {
  return `GET ${path} HTTP/1.1\r\nX-Request-Id: ${id}\r\n\r\n`;
}

test('the agent tells its health', async () => {
  const told = await health(connect, call);
  assert.equal(told.ready, told.ssh && told.network);
  assert.ok(told.uptimeMs > 0);
  assert.match(told.bootId ?? '', /^[0-9a-f-]{36}$/);
});

test('the agent tells what listens, and whose names are hostile does no harm', async () => {
  const title = '\u001b]0;evil\u0007"\\\u00ff\n';
  const script = `process.title = ${JSON.stringify(title)};
    require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const { child, stream } = start(process.execPath, ['-e', script]);
  const [port] = await once(stream, 'data');
  const { ports, truncated } = await listPorts(connect, call);
  assert.equal(truncated, false);
  const found = ports.find((listening) => listening.port === Number(port));
  assert.equal(found?.address, '127.0.0.1');
  assert.equal(found?.protocol, 'tcp');
  assert.equal(found?.owner?.pid, child.pid);
  assert.ok(found?.owner?.command.startsWith('\ufffd]0;evil\ufffd"\\'), found?.owner?.command);
});

test('the agent tells what is used', async () => {
  const before = await usage(connect, call);
  const until = Date.now() + 200;
  while (Date.now() < until);
  const { cpu, memory, uptimeMs } = await usage(connect, call);
  assert.ok(uptimeMs >= before.uptimeMs + 200);
  assert.ok((cpu?.busyMs ?? 0) > (before.cpu?.busyMs ?? 0), 'no time was spent');
  assert.ok((cpu?.totalMs ?? 0) >= (cpu?.busyMs ?? 0));
  assert.equal(memory?.total, totalmem());
  assert.ok((memory?.available ?? 0) < totalmem());
});

test('only connections from outside to what listens are counted', async () => {
  // In a network namespace of its own, whose loopback has two more addresses, those of "this" and another host.
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const script = `ip link set lo up && ip addr add 10.1.1.1/32 dev lo && ip addr add 10.1.1.2/32 dev lo &&
    ip addr add fd00::1/128 dev lo nodad && ip addr add fd00::2/128 dev lo nodad && exec "$0" -e "$1"`;
  const args = [...user, '--net', 'sh', '-c', script, process.execPath, connecting];
  const { stream, child } = start('unshare', args);
  const reader = new ReplyReader(() => true);
  const counts: unknown[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const { body } of reader.push(chunk)) counts.push((body as { connections: number }).connections);
  });
  await once(child, 'exit');
  assert.deepEqual(counts, [0, 0, 0, 1, 2, 1]);
});

/** Opens connections one after the other, and has the agent count after each. */
const connecting = `
  const { createServer, connect } = require('node:net');
  const { once } = require('node:events');
  const agent = require('node:child_process').spawn(${JSON.stringify(agent)}, ['--stdio'],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const count = async () => {
    agent.stdin.write('GET /stats HTTP/1.1\\r\\nX-Request-Id: a\\r\\n\\r\\n');
    process.stdout.write((await once(agent.stdout, 'data'))[0]);
  };
  const server = createServer().listen(8080, async () => {
    await count();
    const open = async (host, localAddress) => {
      const accepted = once(server, 'connection');
      const client = connect({ port: 8080, host, localAddress });
      await accepted;
      await count();
      return client;
    };
    await open('127.0.0.1', '127.0.0.1');
    await open('10.1.1.1', '10.1.1.1');
    await open('10.1.1.1', '10.1.1.2');
    const client = await open('fd00::1', 'fd00::2');
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await count();
    process.exit();
  });
`;

test('on standard input nothing changes the system', async () => {
  await assert.rejects(powerOff(connect, call), /refused POST \/shutdown with status 403/);
  await assert.rejects(
    setClock(connect, call, 1_800_000_000_000_000_000n),
    /refused POST \/clock with status 403/,
  );
  await assert.rejects(
    growFileSystems(connect, call, { system: 2 ** 33, work: 2 ** 33 }),
    /refused POST \/grow with status 403/,
  );
});

test('an unknown path is not found', async () => {
  assert.deepEqual(await talk([get('/nothing', 'a')], 0, 'a'), ['a 404']);
});

test('waiting for readiness returns when sshd listens and does not block other requests', async () => {
  // In a network namespace of its own nothing listens on port 22 until this opens it.
  // Root needs no user namespace for it, and in a chroot gets none.
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespace = spawn('unshare', [...user, '--net', process.execPath, '-e', open22], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(namespace);
  const stream = Duplex.from({ readable: namespace.stdout, writable: namespace.stdin });
  const reader = new ReplyReader(() => true);
  const replies: string[] = [];
  stream.on('data', (chunk: Buffer) => {
    for (const { id, body } of reader.push(chunk))
      replies.push(`${id} ${JSON.stringify(body).includes('"ssh":true')}`);
  });
  stream.write(get('/healthz?wait=ready', 'w1') + get('/healthz?wait=ready', 'w2') + get('/healthz', 'now'));
  const deadline = Date.now() + 15_000;
  while (replies.length < 3 && Date.now() < deadline) await sleep(20);
  assert.deepEqual(replies, ['now false', 'w1 true', 'w2 true']);
});

const open22 = `
  const agent = require('node:child_process').spawn(${JSON.stringify(agent)}, ['--stdio'], { stdio: 'inherit' });
  agent.on('exit', () => process.exit());
  setTimeout(() => require('node:net').createServer().listen(22), 700);
`;

test('a request that was cut off anywhere does not swallow the next', async () => {
  const body = '{"unix_ns":1800000000000000000}';
  const whole = `POST /clock HTTP/1.1\r\nX-Request-Id: gone\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (let cut = 0; cut < whole.length; cut += 5) {
    const replies = await talk([whole.slice(0, cut), get('/healthz', 'next')], cut % 2, 'next');
    assert.equal(replies.at(-1), 'next 200', `cut at ${cut}`);
  }
});

test('the rest of a request comes in time or not at all', async () => {
  const [start, end] = [get('/healthz', 'slow').slice(0, 30), get('/healthz', 'slow').slice(30)];
  assert.deepEqual(await talk([start, end], 500, 'slow'), ['slow 200']);
  assert.deepEqual(await talk([start, end, get('/healthz', 'next')], 2_500, 'next'), ['next 200']);
});

test('a good request is answered behind a flood of garbage', async () => {
  const junk = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < junk.length; i++) junk[i] = (i * i * 31 + i * 7 + (i >> 8)) & 0xff;
  const pieces = [junk, 'GET /'.repeat(100_000), get('/healthz', 'good')];
  assert.deepEqual(await talk(pieces, 0, 'good'), ['good 200']);
});

test('the client waits for readiness across agents that vanish', async () => {
  let tries = 0;
  const vanishing = async () => {
    tries++;
    if (tries < 3) return start('true', []).stream;
    return start('sh', ['-c', `read line; printf 'HTTP/1.1 200 OK\\r\\nX-Requ'; exec "$0" --stdio`, agent])
      .stream;
  };
  const answered = waitReady(vanishing, { timeoutMs: 4_000 }).then(
    (told) => told.ready,
    (error: unknown) => String(error),
  );
  // This machine may or may not have an sshd; either way the agent was reached and the wait ended in time.
  assert.match(String(await answered), /^true$|did not answer GET \/healthz\?wait=ready within 4 s/);
  assert.equal(tries, 3);
});
