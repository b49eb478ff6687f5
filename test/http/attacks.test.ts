import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/program.ts';
import { makeVm } from '../support/vm.ts';
import { startServer } from './fixture.ts';

/** Well before a half request is dropped for its own age, which takes five seconds. */
const atOnceMs = 3_000;

/** Opens connections that send these bytes and then wait. */
async function hold(t: TestContext, path: string, count: number, bytes: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(path).on('error', () => undefined));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) {
    socket.resume();
    if (bytes !== '') socket.write(bytes);
  }
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  return sockets;
}

const halves: readonly [string, string][] = [
  ['connections that say nothing', ''],
  ['requests without an end of their headers', 'GET /metrics HTTP/1.1\r\nHost: banger\r\n'],
  ['requests without a first line', 'GET /metr'],
  [
    'requests without the body that they promise',
    'POST /metrics HTTP/1.1\r\nHost: banger\r\nContent-Length: 9\r\n\r\na',
  ],
];
for (const [what, bytes] of halves) {
  for (const count of [80, 500]) {
    test(`a client is served at once beside ${count} ${what}`, async (t) => {
      const { path, ask, stream, vms } = await startServer(t);
      const events = await stream('/events');
      await hold(t, path, count, bytes);
      let most = 0;
      for (let call = 0; call < 10; call++) {
        const began = performance.now();
        assert.equal((await ask('/metrics')).status, 200);
        most = Math.max(most, performance.now() - began);
      }
      t.diagnostic(`${most.toFixed(0)} ms at most`);
      assert.ok(most < atOnceMs, `${most} ms`);
      vms.add(makeVm({ id: 'a1', name: 'late' }));
      await until('a stream that was there goes on', () => events.text.includes('"late"'));
    });
  }
}

test('a client that connects amid a crowd is served', async (t) => {
  const { path, ask } = await startServer(t);
  const crowd = hold(t, path, 200, 'GET /');
  const answers = Promise.all(Array.from({ length: 5 }, () => ask('/metrics')));
  const more = hold(t, path, 200, 'GET /');
  assert.deepEqual(
    (await answers).map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  await Promise.all([crowd, more]);
});

test('of connections that only wait, the oldest go when there are too many', async (t) => {
  const { path } = await startServer(t);
  const old = await hold(t, path, 60, 'GET /');
  await sleep(100);
  const recent = await hold(t, path, 100, 'GET /');
  await until('the excess is gone', () => old.filter(({ closed }) => closed).length >= 32);
  assert.deepEqual(recent.filter(({ closed }) => closed).length, 0);
});

test('a request whose headers drip is dropped by its deadline', async (t) => {
  const { path } = await startServer(t);
  const [socket] = await hold(t, path, 1, 'GET /metrics HTTP/1.1\r\nHost: banger\r\nX: ');
  const drip = setInterval(() => socket?.write('x'), 100);
  t.after(() => clearInterval(drip));
  const began = performance.now();
  assert.ok(socket);
  await once(socket, 'close');
  const took = performance.now() - began;
  assert.ok(took > 4_000 && took < 9_900, `${took} ms`);
});

test('streams above a bound are turned away, and what is no stream is still answered', async (t) => {
  const { path, ask } = await startServer(t);
  const request = 'GET /events HTTP/1.1\r\nHost: banger\r\n\r\n';
  await hold(t, path, 64, request);
  await until('the bound is reached', async () => (await ask('/events')).status === 503);
  assert.equal((await ask('/metrics')).status, 200);
});

test('requests that do not wait for answers end their connection, and cost no stream each', async (t) => {
  const { talk, ask, server } = await startServer(t);
  await talk('GET /events HTTP/1.1\r\nHost: banger\r\n\r\n'.repeat(100));
  await until('no stream is open', () => !server.isInUse);
  assert.equal((await ask('/metrics')).status, 200);
});

const head = (lines: string) => `GET /metrics HTTP/1.1\r\n${lines}\r\nConnection: close\r\n\r\n`;
const requests: readonly [string, string, number][] = [
  ['the name of the documentation', head('Host: banger'), 200],
  ["curl's usual name", head('Host: localhost'), 200],
  ['a name with a port', head('Host: localhost:9100'), 200],
  ['the loopback of a proxy', head('Host: 127.0.0.1:9100'), 200],
  ['the IPv6 loopback', head('Host: [::1]:9100'), 200],
  ['an empty name', head('Host: '), 200],
  ['HTTP/1.0 without a name', 'GET /metrics HTTP/1.0\r\n\r\n', 200],
  ['a request that somebody typed into a browser', head('Host: localhost\r\nSec-Fetch-Site: none'), 200],
  ['a page of another name that leads here', head('Host: evil.example'), 421],
  ['a name that begins like ours', head('Host: localhost.evil.example'), 421],
  ['a name that ends like ours', head('Host: evil-banger'), 421],
  ['a user before our name', head('Host: banger@evil.example'), 421],
  [
    'a target of another name',
    'GET http://evil.example/metrics HTTP/1.1\r\nHost: banger\r\nConnection: close\r\n\r\n',
    421,
  ],
  [
    'a path that is another name',
    'GET //evil.example/metrics HTTP/1.1\r\nHost: banger\r\nConnection: close\r\n\r\n',
    421,
  ],
  ['two names', head('Host: banger\r\nHost: evil.example'), 400],
  ['a page of another origin', head('Host: localhost\r\nOrigin: https://evil.example'), 403],
  [
    'a page of this host, as a guest may serve',
    head('Host: localhost\r\nOrigin: http://localhost:3000'),
    403,
  ],
  ['a page without an origin', head('Host: localhost\r\nOrigin: null'), 403],
  ['an image of another page', head('Host: localhost\r\nSec-Fetch-Site: cross-site'), 403],
  ['an image of a page of this host', head('Host: localhost\r\nSec-Fetch-Site: same-site'), 403],
  [
    'seventy headers',
    head(`Host: banger\r\n${Array.from({ length: 70 }, (_, at) => `X-${at}: y`).join('\r\n')}`),
    431,
  ],
  [
    'two thousand headers',
    head(`Host: banger\r\n${Array.from({ length: 2000 }, (_, at) => `${at}:`).join('\r\n')}`),
    431,
  ],
];
for (const [what, bytes, status] of requests) {
  test(`${what} is answered with ${status}`, async (t) => {
    const { talk, vms } = await startServer(t);
    vms.add(makeVm({ name: 'canary' }));
    const answer = await talk(bytes);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.equal(answer.includes('canary'), status === 200);
    if (status !== 431) assert.match(answer, /^Cross-Origin-Resource-Policy: same-origin\r$/m);
  });
}
