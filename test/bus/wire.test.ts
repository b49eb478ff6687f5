import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toPlain, toWire, typesOf } from '../../src/bus/values.ts';
import { Decoder, encode, type Header, messageType } from '../../src/bus/wire.ts';

const signal: Header = { type: messageType.signal, path: '/a', interface: 'a.b', member: 'C' };

/** What comes out at the other end of a bus. */
function sent(signature: string, body: unknown[]) {
  const [message] = new Decoder().push(encode({ ...signal, signature }, 1, body));
  return message?.body();
}

describe('values come through as they are', () => {
  const cases: [string, unknown[], unknown[]?][] = [
    ['', []],
    ['sog', ['ü€𝄞', '/a/b', 'a{sv}']],
    ['ybnqiud', [255, true, -32768, 65535, -(2 ** 31) + 1, 2 ** 32 - 1, -0.5]],
    ['xt', [-(2 ** 53) + 1, 2 ** 53 - 1]],
    ['ayas', [[1, 2, 3], []]],
    [
      'a(st)',
      [
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
    ],
    ['a{sa{ss}}', [{ a: { b: 'c' } }]],
    ['a{us}', [{ 7: 'seven' }]],
    ['a{sv}', [{ s: 'x', b: false, t: 5, d: -1, f: 0.5, as: ['y'], none: [], deep: { er: [1, 'z'] } }]],
    ['a{sv}', [{ there: 1, absent: undefined }], [{ there: 1 }]],
    ['v', ['x']],
  ];
  for (const [signature, body, expected] of cases) {
    test(`'${signature}'`, () => assert.deepEqual(sent(signature, body), expected ?? body));
  }

  test('a key that every object inherits stays a key', () => {
    const options = JSON.parse('{"__proto__": {"force": true}, "constructor": 1}');
    const [received] = sent('a{sv}', [options]) ?? [];
    assert.deepEqual(Object.keys(received ?? {}), ['__proto__', 'constructor']);
    assert.equal((received as Record<string, unknown>).force, undefined);
  });
});

describe('what a bus would drop the connection for is refused', () => {
  const cases: [string, string, unknown[]][] = [
    ['a zero byte in a string', 's', ['a\0b']],
    ['an object path that is none', 'o', ['/a//b']],
    ['a signature that is none', 'g', ['a{']],
    ['a number for a string', 's', [5]],
    ['a string for a number', 'u', ['5']],
    ['a number out of range', 'u', [2 ** 32]],
    ['a negative unsigned', 't', [-1]],
    ['an integer beyond 2^53', 't', [2 ** 53]],
    ['a fraction for an integer', 'i', [0.5]],
    ['no number', 'd', [Number.NaN]],
    ['too few values', 'ss', ['a']],
    ['too many values', '', ['a']],
    ['an array for a dict', 'a{sv}', [[]]],
    ['a value without a type', 'a{sv}', [{ a: null }]],
    ['a file descriptor', 'h', [0]],
  ];
  for (const [name, signature, body] of cases) {
    test(name, () => assert.throws(() => encode({ ...signal, signature }, 1, body)));
  }
  for (const [field, value] of [
    ['path', 'a'],
    ['interface', 'nodot'],
    ['member', 'a.b'],
    ['member', 'a'.repeat(256)],
    ['destination', 'org..banger'],
    ['errorName', '1.2'],
  ] as const) {
    test(`${field} ${value.slice(0, 20)}`, () =>
      assert.throws(() => encode({ ...signal, [field]: value }, 1, []), TypeError));
  }
});

describe('the decoder', () => {
  const messages = [
    encode({ ...signal, signature: 's' }, 1, ['one']),
    encode(signal, 2, []),
    encode({ ...signal, signature: 'as' }, 3, [['a', 'b'.repeat(3000)]]),
  ];

  for (const size of [1, 7, 16, 17, 1000, 1_000_000]) {
    test(`puts messages together from pieces of ${size} bytes`, () => {
      const stream = Buffer.concat(messages);
      const decoder = new Decoder();
      const bodies: unknown[] = [];
      for (let at = 0; at < stream.length; at += size) {
        for (const message of decoder.push(stream.subarray(at, at + size))) bodies.push(message.body());
      }
      assert.deepEqual(bodies, [['one'], [], [['a', 'b'.repeat(3000)]]]);
    });
  }

  test('is not upset by a body that cannot be expressed', () => {
    // A 64-bit integer that no number holds, and a file descriptor that was not sent.
    const huge = encode({ ...signal, signature: 't' }, 1, [1]);
    huge.fill(0xff, huge.length - 8);
    const descriptor = encode({ ...signal, signature: 'u' }, 2, [0]);
    descriptor[descriptor.indexOf('\x01u\0') + 1] = 'h'.charCodeAt(0);
    const received = new Decoder().push(Buffer.concat([huge, descriptor, ...messages]));
    assert.equal(received.length, 5);
    assert.throws(() => received[0]?.body(), RangeError);
    assert.equal(received[1]?.signature, 'h');
    assert.throws(() => received[1]?.body());
    assert.deepEqual(received[2]?.body(), ['one']);
  });

  test('refuses what is not D-Bus', () => {
    assert.throws(() => new Decoder().push(Buffer.from('HTTP/1.1 400 Bad Request\r\n')));
    const endless = Buffer.from(messages[0] ?? []);
    endless.writeUInt32LE(2 ** 31, 4);
    assert.throws(() => new Decoder().push(endless));
  });

  test('reads the other byte order', () => {
    // What a big-endian program says: a.b.C at /a, with the number 258.
    const hex =
      '42040001 00000004 00000007 00000037' +
      '01016f00 00000002 2f610000 00000000 02017300 00000003 612e6200 00000000' +
      '03017300 00000001 43000000 00000000 08016700 01750000 00000102';
    const [message] = new Decoder().push(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    assert.deepEqual(
      [message?.serial, message?.path, message?.interface, message?.member],
      [7, '/a', 'a.b', 'C'],
    );
    assert.deepEqual(message?.body(), [258]);
  });
});

test('types are checked before values are', () => {
  assert.throws(() => typesOf('a{s'));
  assert.deepEqual(toPlain(typesOf('s'), ['x']), ['x']);
  assert.throws(() => toWire(typesOf('ss'), ['x']), TypeError);
});
