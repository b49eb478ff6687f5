import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxBodyBytes, ReplyReader } from '../../src/guest/reply.ts';

function reply(id: string, body = '{}', status = 200): string {
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 ${status} OK\r\nX-Request-Id: ${id}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** The ids, statuses and bodies found in bytes that arrive in pieces of that size. */
function read(bytes: Buffer | string, piece = 1 << 20): string[] {
  const reader = new ReplyReader(() => true);
  const buffer = Buffer.from(bytes);
  const found: string[] = [];
  for (let at = 0; at < buffer.length; at += piece) {
    for (const { id, status, body } of reader.push(buffer.subarray(at, at + piece))) {
      found.push(`${id} ${status} ${body === undefined ? '' : JSON.stringify(body)}`);
    }
  }
  return found;
}

test('replies are found however they arrive', () => {
  const bytes = reply('a', '{"x":"é"}') + reply('b', '', 204) + reply('c', '{}', 404);
  for (const piece of [1, 2, 3, 7, 64, 1000]) {
    assert.deepEqual(read(bytes, piece), ['a 200 {"x":"é"}', 'b 204 ', 'c 404 {}']);
  }
});

test('a reply is found behind one that was cut off anywhere, at either end', () => {
  const stale = reply('stale', `{"text":"${'x'.repeat(300)} HTTP/1.1 200 OK"}`);
  for (let cut = 0; cut < stale.length; cut++) {
    for (const piece of [1, 1000]) {
      assert.equal(read(stale.slice(0, cut) + reply('good'), piece).at(-1), 'good 200 {}', `first ${cut}`);
      assert.equal(read(stale.slice(cut) + reply('good'), piece).at(-1), 'good 200 {}', `from ${cut}`);
    }
  }
});

test('what is not a reply is not taken for one', () => {
  for (const bytes of [
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-Request-Id: a\r\n\r\n',
    'HTTP/1.1 999 OK\r\nX-Request-Id: a\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nX-Request-Id: a\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nX-Request-Id: b\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nContent-Length: 1e9\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX-Request-Id: a\r\nContent-Length: ${maxBodyBytes + 1}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(5000)}\r\nX-Request-Id: a\r\nContent-Length: 0\r\n\r\n`,
  ]) {
    assert.deepEqual(read(bytes), [], bytes.slice(0, 80));
    assert.deepEqual(read(bytes + reply('good')), ['good 200 {}'], bytes.slice(0, 80));
  }
});

test('the longest reply is read', () => {
  const body = `"${'x'.repeat(maxBodyBytes - 2)}"`;
  assert.deepEqual(read(reply('a', body), 65_536), [`a 200 ${body}`]);
});

test('20000 mutated inputs: how they arrive makes no difference, and a good reply is found behind each', (t) => {
  const seed = 1;
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pieces = [
    reply('a', '{"k":1}'),
    reply('b', ''),
    'HTTP/1.1 ',
    '\r\n\r\n',
    'X-Request-Id: c',
    'Content-Length: 99',
  ];
  for (let run = 0; run < 20_000; run++) {
    const parts = Array.from({ length: 1 + below(5) }, () => {
      const piece = pieces[below(pieces.length)] ?? '';
      return below(3) === 0 ? piece.slice(0, below(piece.length + 1)) : piece;
    });
    const bytes = Buffer.from(parts.join(''));
    for (let damage = below(4); damage > 0 && bytes.length > 0; damage--)
      bytes[below(bytes.length)] = below(256);
    const all = Buffer.concat([bytes, Buffer.from(reply('good'))]);
    const found = read(all);
    assert.equal(
      found.at(-1),
      'good 200 {}',
      `seed ${seed} run ${run}: ${JSON.stringify(bytes.toString('latin1'))}`,
    );
    assert.deepEqual(read(all, 1 + below(20)), found, `seed ${seed} run ${run}`);
  }
  t.diagnostic(`inputs=20000 seed=${seed}`);
});

test('a body that nests deeper than any reply is not read, and brackets in its strings do not count', () => {
  const depth = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  assert.deepEqual(read(reply('a', depth(8))), [`a 200 ${depth(8)}`]);
  assert.deepEqual(read(reply('a', depth(9))), ['a 200 ']);
  const text = JSON.stringify([`"\\${'[{'.repeat(50)}`]);
  assert.deepEqual(read(reply('a', text)), [`a 200 ${text}`]);
});

test('of replies that nobody waits for nothing is given, also where they are cut off', () => {
  const reader = new ReplyReader((id) => id === 'mine');
  const bytes = `${reply('other', '{"a":1}')}${reply('other', 'x'.repeat(500)).slice(0, -3)}${reply('mine', '[1]')}`;
  assert.deepEqual(reader.push(Buffer.from(bytes)), [{ id: 'mine', status: 200, body: [1] }]);
});
