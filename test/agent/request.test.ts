import assert from 'node:assert/strict';
import { type Duplex, duplexPair } from 'node:stream';
import { test } from 'node:test';
import { growFileSystems, health, listPorts, powerOff, setClock, waitReady } from '../../src/guest/agent.ts';
import { usage } from '../../src/guest/usage.ts';

type Guest = (request: string, id: string, stream: Duplex) => void;

/** A connection to a guest that answers each request as told. */
function guest(answer: Guest): () => Promise<Duplex> {
  return async () => {
    const [host, end] = duplexPair();
    end.on('error', () => undefined);
    host.on('close', () => end.destroy());
    end.on('data', (chunk: Buffer) => {
      const request = chunk.toString();
      answer(request, /X-Request-Id: (\S+)/.exec(request)?.[1] ?? '', end);
    });
    return host;
  };
}

function reply(id: string, body: string, status = 200): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${status} OK\r\nX-Request-Id: ${id}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

function answering(body: string, status = 200): () => Promise<Duplex> {
  return guest((_request, id, stream) => stream.write(reply(id, body, status)));
}

const good = '{"version":"1","ready":true,"ssh":true,"network":true,"uptime_ms":5}';
const call = { timeoutMs: 5_000 };
const silent = guest(() => undefined);

test('a reply becomes what was asked for', async () => {
  assert.deepEqual(await health(answering(good), call), {
    version: '1',
    ready: true,
    ssh: true,
    network: true,
    uptimeMs: 5,
  });
  const ports = '{"ports":[{"protocol":"udp","address":"::1","port":53}],"truncated":true}';
  assert.deepEqual(await listPorts(answering(ports), call), {
    ports: [{ protocol: 'udp', address: '::1', port: 53 }],
    truncated: true,
  });
});

test('what is asked stands in one request', async () => {
  const asked: string[] = [];
  const connect = guest((request, id, stream) => {
    asked.push(request.replace(id, 'ID'));
    stream.write(reply(id, '', 204));
  });
  await powerOff(connect, call, 'reboot');
  await setClock(connect, call, 1_800_000_000_123_456_789n);
  await growFileSystems(connect, call, { system: 2 ** 33, work: 2 ** 44 });
  const head = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: banger\r\nX-Request-Id: ID\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  assert.deepEqual(asked, [
    `${head('/shutdown', 19)}{"action":"reboot"}`,
    `${head('/clock', 31)}{"unix_ns":1800000000123456789}`,
    `${head('/grow', 43)}{"system":8589934592,"work":17592186044416}`,
  ]);
});

test('a guest that lies is not believed', async () => {
  for (const body of [
    '',
    'null',
    '[]',
    '{}',
    'not JSON',
    good.replace('true', '"true"'),
    good.replace('5', '-5'),
    good.replace('5', '1e400'),
    good.replace('"1"', '1'),
  ]) {
    await assert.rejects(health(answering(body), call), { code: 'GuestUnreachable' }, body);
  }
  const port = '{"protocol":"tcp","address":"0.0.0.0","port":80,"pid":1,"process":"a","command":"b"}';
  assert.equal((await listPorts(answering(`{"ports":[${port}],"truncated":false}`), call)).ports.length, 1);
  for (const bad of [
    port.replace('tcp', 'icmp'),
    port.replace('0.0.0.0', '0.0.0.0; reboot'),
    port.replace('80', '65536'),
    port.replace('80', '"80"'),
    port.replace('"pid":1', '"pid":-1'),
    port.replace('"a"', '{}'),
    'null',
    new Array(5000).fill(port).join(','),
  ]) {
    await assert.rejects(
      listPorts(answering(`{"ports":[${bad}],"truncated":false}`), call),
      { code: 'GuestUnreachable' },
      bad.slice(0, 100),
    );
  }
});

const used = {
  uptime_ms: 9,
  cpu_busy_ms: 3,
  cpu_total_ms: 18,
  memory_total: 512,
  memory_available: 500,
  work_size: 80,
  work_used: 7,
  system_size: 90,
  system_used: 90,
  net_received: 5,
  net_sent: 0,
  connections: 2,
};

test('figures that a guest cannot report are absent', async () => {
  assert.deepEqual(await usage(answering(JSON.stringify(used)), call), {
    uptimeMs: 9,
    cpu: { busyMs: 3, totalMs: 18 },
    memory: { total: 512, available: 500 },
    work: { size: 80, used: 7 },
    system: { size: 90, used: 90 },
    network: { received: 5, sent: 0 },
    connections: 2,
  });
  const least = answering('{"uptime_ms":1,"connections":0,"more":"than is known"}');
  assert.deepEqual(await usage(least, call), { uptimeMs: 1, connections: 0 });
});

test('a guest that lies of what it uses is not believed', async () => {
  for (const key of Object.keys(used)) {
    for (const value of [-1, 0.5, 2 ** 53, '1', null, [], true]) {
      const body = JSON.stringify({ ...used, [key]: value });
      await assert.rejects(usage(answering(body), call), { code: 'GuestUnreachable' }, body);
    }
    const { [key as keyof typeof used]: _, ...others } = used;
    await assert.rejects(usage(answering(JSON.stringify(others)), call), { code: 'GuestUnreachable' }, key);
  }
  for (const lie of [
    { work_used: 81 },
    { system_used: 91 },
    { memory_available: 513 },
    { cpu_busy_ms: 19 },
  ]) {
    const body = JSON.stringify({ ...used, ...lie });
    await assert.rejects(usage(answering(body), call), { code: 'GuestUnreachable' }, body);
  }
});

test('a question that was lost is put again within its deadline', async () => {
  let asked = 0;
  const forgetful = guest((_request, id, stream) => {
    if (++asked === 2) stream.write(reply(id, JSON.stringify(used)));
  });
  assert.equal((await usage(forgetful, call)).connections, 2);
  assert.equal(asked, 2);
});

test('text of a guest has no control characters', async () => {
  const told = await health(answering(good.replace('"1"', '"\\u001b[2J\\u009b"')), call);
  assert.equal(told.version, '\ufffd[2J\ufffd');
});

test('a refusal is an error that names it', async () => {
  await assert.rejects(powerOff(answering('', 403), call), {
    code: 'GuestUnreachable',
    message: /^the guest agent refused POST \/shutdown with status 403; /,
  });
});

test('the reason of a refusal by the guest is reported without control characters', async () => {
  const sizes = { system: 1, work: 1 };
  const because = (error: string) => answering(JSON.stringify({ error }), 500);
  await assert.rejects(growFileSystems(because('the work disk: Read-only file system'), call, sizes), {
    code: 'GuestUnreachable',
    message:
      'the guest agent refused POST /grow with status 500: the work disk: Read-only file system; stop and start the VM if it does not come back',
  });
  await assert.rejects(
    growFileSystems(because(`\u001b[2J${'x'.repeat(1000)}`), call, sizes),
    (error: Error) => {
      assert.match(error.message, /status 500: \ufffd\[2Jx/);
      return error.message.length < 400;
    },
  );
  await assert.rejects(growFileSystems(answering('{"error":{}}', 500), call, sizes), /status 500; /);
});

test('replies to others are passed over', async () => {
  const connect = guest((_request, id, stream) => {
    stream.write('X-Request-Id: x\r\nContent-Length: 4\r\n\r\n{"a"');
    stream.write(reply('somebody-else', '{}'));
    stream.write(reply(id, good));
  });
  assert.equal((await health(connect, call)).ready, true);
});

test('silence ends at the deadline', async () => {
  await assert.rejects(health(silent, { timeoutMs: 50 }), {
    code: 'Timeout',
    message: /^the guest agent did not answer GET \/healthz within 0\.05 s; /,
  });
  const never = () => new Promise<Duplex>(() => undefined);
  await assert.rejects(health(never, { timeoutMs: 50 }), { code: 'Timeout' });
  await assert.rejects(waitReady(silent, { timeoutMs: 50 }), { code: 'Timeout' });
});

test('cancelling ends a call at once, and before it begins', async () => {
  for (const ask of [health, waitReady, listPorts]) {
    const cancel = new AbortController();
    const { signal } = cancel;
    setTimeout(() => cancel.abort(), 20);
    const start = performance.now();
    await assert.rejects(ask(silent, { timeoutMs: 10_000, signal }), { code: 'Cancelled' });
    await assert.rejects(ask(silent, { timeoutMs: 10_000, signal }), { code: 'Cancelled' });
    assert.ok(performance.now() - start < 2_000);
  }
});

test('a connection that comes after the end is closed', async () => {
  const { promise, resolve } = Promise.withResolvers<Duplex>();
  await assert.rejects(
    health(() => promise, { timeoutMs: 20 }),
    { code: 'Timeout' },
  );
  const [late] = duplexPair();
  resolve(late);
  await promise;
  assert.equal(late.destroyed, true);
});

test('a lost connection is reported at once', async () => {
  const closing = guest((_request, _id, stream) => stream.end());
  await assert.rejects(health(closing, call), { code: 'GuestUnreachable' });
  const refusing = () => Promise.reject(new Error('connect ECONNREFUSED'));
  await assert.rejects(health(refusing, call), { code: 'GuestUnreachable', message: /ECONNREFUSED/ });
});

test('a guest that floods is left', async () => {
  const flooding = guest((_request, _id, stream) => {
    const flood = () => {
      if (stream.destroyed) return;
      stream.write(reply('nobody', `"${'x'.repeat(60_000)}"`));
      setImmediate(flood);
    };
    flood();
  });
  await assert.rejects(health(flooding, call), { code: 'GuestUnreachable', message: /keeps sending/ });
  await assert.rejects(waitReady(flooding, call), { code: 'GuestUnreachable', message: /keeps sending/ });
});

test('readiness is asked for again, under new ids, and on a new connection when one is lost', async () => {
  const ids: string[] = [];
  let connections = 0;
  const slow = guest((_request, id, stream) => {
    ids.push(id);
    if (ids.length === 1) stream.destroy();
    // The first request of this connection is the one that is answered, after the second was sent.
    if (ids.length === 3) stream.write(reply(ids[1] ?? '', good));
  });
  const counted = () => {
    connections++;
    return slow();
  };
  assert.equal((await waitReady(counted, call)).ready, true);
  assert.deepEqual([connections, ids.length, new Set(ids).size], [2, 3, 3]);
});
