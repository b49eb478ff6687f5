import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** What a hostile agent does with a connection, given the id of the first question on it. */
type Attack = (id: string) => Generator<Buffer | string | 'wait'>;

const head = (id: string, length: number) =>
  `HTTP/1.1 200 OK\r\nX-Request-Id: ${id}\r\nContent-Length: ${length}\r\n\r\n`;
const reply = (id: string, body: string) => head(id, Buffer.byteLength(body)) + body;

function* forever(bytes: string): Generator<Buffer> {
  const many = Buffer.from(bytes.repeat(Math.ceil(65_536 / bytes.length)));
  for (;;) yield many;
}

function* once1(text: string): Generator<Buffer | 'wait'> {
  yield Buffer.from(text);
  for (;;) yield 'wait';
}

const longest = 512 * 1024;

/** The attacks by their names. What ends at the deadline keeps the guest waiting for itself. */
export const attacks: Readonly<Record<string, Attack>> = {
  'endless heads of others': () => forever(head('nobody', 2)),
  'endless heads with a large length and no body': () => forever(head('nobody', longest)),
  'endless heads of the question with a large length and no body': (id) => forever(head(id, longest)),
  'heads that never end': () => forever('HTTP/1.1 200 OK\r\nX: y\r\nHTTP/1.1 '),
  'one head that never ends': () => forever('X: y\r\n'),
  'the beginning of a head without end': () => forever('HTTP/1.1 '),
  'garbage without a line end': () => forever('\u00ff\u0001garbage'),
  'empty lines without end': () => forever('\r\n\r\n'),
  'bodies of others without end': () => forever(reply('nobody', `"${'x'.repeat(60_000)}"`)),
  'a body of the question that is cut off again and again': (id) =>
    forever(`${head(id, longest)}${'x'.repeat(200)}\n`),
  'a hundred thousand replies to others': () => forever(reply('nobody', '{}')),
  'a reply to another question': () => once1(reply('00000000-0000-4000-8000-000000000000', '{}')),
  'replies in tiny chunks': function* () {
    const bytes = Buffer.from(head('nobody', 2));
    for (let at = 0; ; at = (at + 1) % bytes.length) yield bytes.subarray(at, at + 1);
  },
  'two replies to one question': (id) => once1(reply(id, '[]') + reply(id, '{}')),
  'deep JSON': (id) => once1(reply(id, '['.repeat(longest))),
  'deep JSON that ends': (id) => once1(reply(id, '['.repeat(longest / 2) + ']'.repeat(longest / 2))),
  'a huge number': (id) => once1(reply(id, `{"uptime_ms":${'9'.repeat(longest - 20)}}`)),
  'a huge exponent': (id) => once1(reply(id, '{"uptime_ms":1e999999999}')),
  'a huge string': (id) => once1(reply(id, `{"version":"${'\\u001b'.repeat(80_000)}"}`)),
  'an object of many names': (id) =>
    once1(reply(id, `{${Array.from({ length: 40_000 }, (_, at) => `"${at}":0`).join(',')}}`)),
  'a prototype': (id) => once1(reply(id, '{"__proto__":{"ready":true},"version":"1"}')),
  'a body that is promised and does not come': (id) => once1(head(id, longest)),
  'a body that is longer than any': (id) => once1(head(id, longest + 1)),
  'a slow drip of the answer': function* (id) {
    for (const character of reply(id, `{"version":"${'x'.repeat(5_000)}"}`)) {
      yield character;
      yield 'wait';
    }
  },
};

async function serve(socket: Socket, attack: Attack): Promise<void> {
  socket.setNoDelay(true).setMaxListeners(0);
  socket.on('error', () => undefined);
  const [question] = (await once(socket, 'data')) as [Buffer];
  socket.resume();
  for (const bytes of attack(/X-Request-Id: (\S+)/.exec(question.toString())?.[1] ?? '')) {
    if (socket.destroyed) return;
    if (bytes === 'wait') await new Promise((resolve) => setTimeout(resolve, 20));
    else if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

// The attacker has a thread of its own, as a guest has: what it costs itself is not counted.
if (parentPort) {
  const { path, name } = workerData as { path: string; name: string };
  const good = '{"version":"1","ready":true,"ssh":true,"network":true,"uptime_ms":5}';
  const attack: Attack =
    name === 'none' ? (id) => once1(reply(id, good)) : (attacks[name] ?? (() => forever(name)));
  const server = createServer((socket) => void serve(socket, attack).catch(() => undefined));
  server.listen(path, () => parentPort?.postMessage('ready'));
}
