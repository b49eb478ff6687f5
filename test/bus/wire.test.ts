import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTypes, Typed } from '../../src/bus/values.ts';
import { Decoder, encode, type MessageHeader, messageType } from '../../src/bus/wire.ts';

const signal: MessageHeader = { type: messageType.signal, path: '/a', interface: 'a.b', member: 'C' };

/** What comes out at the other end of a bus. */
function sent(signature: string, body: unknown[]) {
  const [message] = new Decoder().push(encode({ ...signal, signature }, 1, body));
  return message?.body();
}

describe('values come through as they are', () => {
  const cases: [string, unknown[], unknown[]?][] = [
    ['', []],
    ['sog', ['ü€𝄞', '/a/b', 'a{sv}']],
    ['ynqiu', [0, 32767, 0, 2 ** 31 - 1, 0]],
    ['yxytyd', [1, -(2 ** 32) - 1, 1, 2 ** 32, 1, -1e300]],
    ['ya(ay)ya{yt}', [1, [[[1]], [[]]], 1, { 1: 2, 2: 3 }]],
    [
      'aasav',
      [
        [['a'], [], ['b', '']],
        [1, 'z', [true]],
      ],
    ],
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

test('messages are the bytes that dbus-next makes of them', () => {
  const header = { type: messageType.reply, flags: 1, replySerial: 7, destination: ':1.5' };
  const deep = { er: [1, 'z'] };
  const dict = { s: 'x', t: 5, u: new Typed('u', 6), d: -1, as: ['y'], none: [], deep };
  const numbers = [255, true, -32768, 65535, -(2 ** 31), 2 ** 32 - 1, -(2 ** 53) + 1, 2 ** 53 - 1, -0.5];
  const texts = ['ü€𝄞', '/a/b', 'a{sv}'];
  const lists = [
    [1, 2, 3],
    [
      [1, 2],
      [3, 4],
    ],
    [['a', ''], []],
    dict,
    new Typed('(yt)', [1, 2]),
  ];
  // Made by its version 0.11.4.
  const hex =
    '6c02010180010000090000003a000000050175000700000006017300040000003a312e3500000000080167001c79626e' +
    '716975787464736f6761796128797429616173617b73767d7600000000000000ff000000010000000080ffff00000080' +
    'ffffffff00000000010000000000e0ffffffffffffff1f00000000000000e0bf09000000c3bce282acf09d849e000000' +
    '040000002f612f620005617b73767d000300000001020300200000000000000001000000000000000200000000000000' +
    '03000000000000000400000000000000180000000d0000000100000061000000000000000000000000000000ca000000' +
    '010000007300017300000000010000007800000000000000010000007400017400000000000000000500000000000000' +
    '0100000075000175000000000600000001000000640001640000000000000000000000000000f0bf0200000061730002' +
    '61730000060000000100000079000000040000006e6f6e65000261730000000000000000000000000400000064656570' +
    '0005617b73767d002a000000000000000200000065720002617600001a00000001740000000000000100000000000000' +
    '01730000010000007a0004287974290001000000000000000200000000000000';
  const signature = 'ybnqiuxtdsogaya(yt)aasa{sv}v';
  assert.equal(encode({ ...header, signature }, 9, [...numbers, ...texts, ...lists]).toString('hex'), hex);
});

describe('what a bus would drop the connection for is refused', () => {
  const cases: [string, string, unknown[]][] = [
    ['a zero byte in a string', 's', ['a\0b']],
    ['an object path that is none', 'o', ['/a//b']],
    ['a signature that is none', 'g', ['a{']],
    ['a number for a string', 's', [5]],
    ['a string for a number', 'u', ['5']],
    ['a number out of range', 'u', [2 ** 32]],
    ['a number out of the range of a byte', 'y', [256]],
    ['a number below the range of 16 bits', 'n', [-32769]],
    ['a number beyond the range of 16 bits', 'q', [65536]],
    ['a number below the range of 32 bits', 'i', [-(2 ** 31) - 1]],
    ['a variant of two values', 'v', [new Typed('ss', ['a', 'b'])]],
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

  test('takes no body that is shorter than its signature says, wherever it ends', () => {
    const signature = 'a{sv}a(st)v';
    const whole = encode({ ...signal, signature }, 1, [{ a: 'b', c: [1, 2] }, [['d', 5]], 'e']);
    const [message] = new Decoder().push(whole);
    assert.ok(message?.body());
    const bodyLength = whole.readUInt32LE(4);
    for (let shorter = 0; shorter < bodyLength; shorter++) {
      const cut = Buffer.from(whole.subarray(0, whole.length - bodyLength + shorter));
      cut.writeUInt32LE(shorter, 4);
      const [part] = new Decoder().push(cut);
      assert.throws(() => part?.body(), RangeError, `${shorter} of ${bodyLength} bytes`);
    }
  });

  test('takes no array that ends within a value', () => {
    const data = encode({ ...signal, signature: 'at' }, 1, [[1, 2]]);
    data.writeUInt32LE(12, data.length - 24);
    const [message] = new Decoder().push(data);
    assert.throws(() => message?.body(), RangeError);
  });

  test('takes no array of values without bytes', () => {
    const data = encode({ ...signal, signature: 'a()t' }, 1, [[], 1]);
    data.writeUInt32LE(8, data.length - 16);
    const [message] = new Decoder().push(data);
    assert.throws(() => message?.body(), RangeError);
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
  assert.throws(() => parseTypes('a{s'));
});
