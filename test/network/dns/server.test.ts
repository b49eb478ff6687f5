import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DnsServer } from '../../../src/network/dns/server.ts';
import { Running } from '../../support/program.ts';
import { load } from './load.ts';
import { decodeResponse, encodeQuery, fewNames } from './support.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => assert.fail('an error was logged') };
const server = await DnsServer.listen(fewNames, log, 0);
after(() => server.close());
/** BANGER_DNS_QUERIES is for more than every run has time for. */
const queries = Number(process.env.BANGER_DNS_QUERIES ?? 20_000);

async function connect(): Promise<Socket> {
  const socket = createConnection(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function framed(...messages: Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => [Buffer.from([message.length >> 8, message.length & 255]), message]),
  );
}

/** So many answers, as they come on a connection. */
async function answersOn(socket: Socket, count: number): Promise<Buffer[]> {
  let bytes = Buffer.alloc(0);
  const answers: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      answers.push(bytes.subarray(2, 2 + bytes.readUInt16BE(0)));
      bytes = bytes.subarray(2 + bytes.readUInt16BE(0));
    }
    if (answers.length >= count) return answers;
  }
  return answers;
}

test('a resolver of another make finds the names', async () => {
  const resolver = new Resolver({ timeout: 2000, tries: 3 });
  resolver.setServers([`${server.address}:${server.port}`]);
  assert.deepEqual(await resolver.resolve4('web.vm', { ttl: true }), [{ address: '127.66.1.1', ttl: 0 }]);
  assert.deepEqual(await resolver.resolve4('DB-1.alice.vm'), ['127.66.1.2']);
  assert.deepEqual(await resolver.resolveNs('vm'), ['localhost']);
  assert.equal((await resolver.resolveSoa('vm')).minttl, 0);
  await assert.rejects(resolver.resolve6('web.vm'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('no.vm'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolve4('example.com'), { code: 'EREFUSED' });
});

test('nobody can take the port too, and whoever finds it taken has another', async () => {
  // With address reuse on both sides, as another user might try.
  const thief = createSocket({ type: 'udp4', reuseAddr: true });
  for (const address of ['127.0.0.1', '0.0.0.0']) {
    thief.bind({ address, port: server.port, exclusive: true });
    const [error] = await Promise.race([once(thief, 'error'), once(thief, 'listening')]);
    assert.equal(error?.code, 'EADDRINUSE', address);
  }
  thief.close();
  const second = await DnsServer.listen(fewNames, log, server.port);
  assert.notEqual(second.port, server.port);
  await second.close();
  // A port of which only TCP is taken is no port.
  const other = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(other, 'listening');
  const taken = other.address();
  assert.ok(taken && typeof taken === 'object');
  const third = await DnsServer.listen(fewNames, log, taken.port);
  assert.notEqual(third.port, taken.port);
  await third.close();
  other.close();
  // What was bound on the way is free again.
  const fourth = await DnsServer.listen(fewNames, log, third.port);
  assert.equal(fourth.port, third.port);
  await fourth.close();
});

test('by TCP: many questions on one connection, in pieces, in their order', async () => {
  const socket = await connect();
  const messages = Array.from({ length: 300 }, (_, id) =>
    encodeQuery({ name: id % 2 ? 'web.vm' : 'no.vm', id }),
  );
  const stream = framed(...messages);
  for (let at = 0; at < stream.length; at += 997) {
    socket.write(stream.subarray(at, at + 997));
    await new Promise(setImmediate);
  }
  const told = (await answersOn(socket, 300)).map(decodeResponse);
  assert.deepEqual(
    told.map(({ id }) => id),
    messages.map((_, id) => id),
  );
  assert.ok(told.every(({ id, rcode }) => rcode === (id % 2 ? 0 : 3)));
  // Whoever has asked and closes its side is answered all the same.
  const half = createConnection({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  half.end(framed(encodeQuery({ name: 'web.vm' })));
  assert.equal((await answersOn(half, 2)).length, 1);
  socket.destroy();
  half.destroy();
});

test('by TCP: what is no question ends the connection or is told so, and no connection stays for nothing', async () => {
  const long = await connect();
  long.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
  await once(long, 'close');
  const bad = await connect();
  bad.write(framed(Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(12)));
  assert.deepEqual(
    (await answersOn(bad, 1)).map((answer) => decodeResponse(answer).rcode),
    [1],
  );
  const idle = await connect();
  idle.write(Buffer.from([0]));
  const begin = performance.now();
  await once(idle.resume(), 'close');
  assert.ok(performance.now() - begin < 10_000);
  bad.destroy();
});

test('by TCP: a client cannot block the others, and one that does not read is not served', async () => {
  const held: Socket[] = [];
  for (let count = 0; count < 200; count++) held.push(await connect());
  const socket = await connect();
  socket.write(framed(encodeQuery({ name: 'web.vm' })));
  assert.equal((await answersOn(socket, 1)).length, 1);
  // It asks for a million answers, and reads none of them: what it can ask is what the kernel keeps for it.
  const greedy = await connect();
  greedy.pause();
  const block = framed(...Array.from({ length: 3000 }, () => encodeQuery({ name: 'web.vm' })));
  let sent = 0;
  for (let taken = true; taken && sent < 1000; sent++) {
    taken = greedy.write(block) || (await Promise.race([once(greedy, 'drain'), sleep(1_000)])) !== undefined;
  }
  assert.ok(sent < 500, `${sent * block.length} bytes were read`);
  for (const one of [...held, socket, greedy]) one.destroy();
});

test(`${queries} queries are answered right, and none of them is remembered`, async (t) => {
  const program = new Running(process.execPath, [new URL('serve.ts', import.meta.url).pathname], {
    timeoutMs: Math.max(110_000, queries * 3),
  });
  const { stdin, stdout } = program.child;
  assert.ok(stdin && stdout);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const number = async () => Number((await lines.next()).value);
  const memory = async () => {
    stdin.write('\n');
    return await number();
  };
  const port = await number();
  // What it takes to have run at all is no growth.
  await load(port, 10_000);
  const before = await memory();
  const { right, wrong, again, seconds } = await load(port, queries);
  const grown = (await memory()) - before;
  stdin.end();
  await program.ended;
  assert.deepEqual([right, [...wrong]], [queries, []]);
  assert.ok(again < queries / 100, `${again} were asked again`);
  assert.ok(grown < 1_000_000, `${grown} bytes more`);
  t.diagnostic(
    `${right} right of ${queries} in ${seconds.toFixed(1)} s, ${Math.round(queries / seconds)} a second; ${again} asked again; ${grown} bytes more in use`,
  );
});

test('after its end nothing is answered, and the port is free', async () => {
  const short = await DnsServer.listen(fewNames, log, 0);
  const held = createConnection(short.port, '127.0.0.1');
  await once(held, 'connect');
  const ended = once(held, 'close');
  await short.close();
  await ended;
  const again = await DnsServer.listen(fewNames, log, short.port);
  assert.equal(again.port, short.port);
  await again.close();
});
