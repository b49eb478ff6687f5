import assert from 'node:assert/strict';
import { test } from 'node:test';
import { respond } from '../../../src/network/dns/respond.ts';
import type { NameTable } from '../../../src/network/dns/zone.ts';
import {
  type Asked,
  decodeResponse,
  encodeName,
  encodeQuery,
  fewNames,
  type Told,
  uint16,
} from './support.ts';

const [noError, formErr, nxDomain, notImp, refused, badVers] = [0, 1, 3, 4, 5, 16];
const [a, ns, soa, ptr, mx, txt, aaaa, opt, https, ixfr, axfr, any] = [
  1, 2, 6, 12, 15, 16, 28, 41, 65, 251, 252, 255,
];
const soaRecord = 'vm 0 SOA data';

function ask(asked: Asked, names = fewNames): Told {
  const response = respond(encodeQuery(asked), names, 'udp');
  assert.ok(response, `${JSON.stringify(asked)} was not answered`);
  return decodeResponse(response);
}

test('names of running VMs have an address, whatever their case', () => {
  for (const name of ['web.vm', 'WEB.vm', 'wEb.Vm', 'web.alice.vm', 'weB.aLICE.VM']) {
    const told = ask({ name, id: 77 });
    assert.deepEqual([told.id, told.rcode, told.aa, told.tc], [77, noError, true, false]);
    // As it was asked for: resolvers that play with the case compare it.
    assert.deepEqual(told.answers, [`${name} 0 A 127.66.1.1`]);
    assert.deepEqual(told.packet.questions, [{ name, type: 'A', class: 'IN' }]);
    assert.deepEqual(told.authorities, []);
    assert.equal(told.opt, undefined);
  }
  assert.deepEqual(ask({ name: 'db-1.vm', type: any }).answers, ['db-1.vm 0 A 127.66.1.2']);
});

test('a name without what was asked for is no error; one that there is not is', () => {
  for (const type of [aaaa, ptr, mx, txt, https, ns, soa, 64_000]) {
    const { rcode, aa, answers, authorities } = ask({ name: 'web.vm', type });
    assert.deepEqual(
      { rcode, aa, answers, authorities },
      { rcode: noError, aa: true, answers: [], authorities: [soaRecord] },
    );
  }
  // A resolver that asks for one label more at a time must not conclude that there is nothing below.
  assert.deepEqual([ask({ name: 'alice.vm' }).rcode, ask({ name: 'alice.vm' }).answers], [noError, []]);
  const unknown = [
    'no.vm',
    'www.web.vm',
    'web.bob.vm',
    'web.web.vm',
    'a.b.c.d.vm',
    '__proto__.vm',
    'web .vm',
    'toString.vm',
  ];
  for (const name of unknown) {
    for (const type of [a, aaaa, any, txt]) {
      const { rcode, aa, answers, authorities } = ask({ name, type });
      assert.deepEqual(
        { rcode, aa, answers, authorities },
        { rcode: nxDomain, aa: true, answers: [], authorities: [soaRecord] },
      );
    }
  }
});

test('the zone itself has its two records', () => {
  const authority = ask({ name: 'vm', type: soa }).packet.answers?.[0];
  assert.deepEqual(authority?.type === 'SOA' && [authority.data.mname, authority.data.minimum], [
    'localhost',
    0,
  ]);
  assert.deepEqual(ask({ name: 'VM', type: ns }).answers, ['VM 0 NS localhost']);
  assert.equal(ask({ name: 'vm', type: any }).answers.length, 2);
  for (const type of [a, aaaa, txt]) {
    const { rcode, answers, authorities } = ask({ name: 'vm', type });
    assert.deepEqual([rcode, answers, authorities], [noError, [], [soaRecord]]);
  }
});

test('all else is refused, and nothing is transferred', () => {
  const outside = [
    '',
    'com',
    'web.com',
    'vm.com',
    'web.vm.com',
    'webvm',
    'xvm',
    '1.1.66.127.in-addr.arpa',
    'localhost',
  ];
  for (const name of outside) {
    const { rcode, aa, answers, authorities } = ask({ name });
    assert.deepEqual([name, rcode, aa, answers, authorities], [name, refused, false, [], []]);
  }
  for (const klass of [0, 2, 3, 4, 254, 255])
    assert.equal(ask({ name: 'web.vm', class: klass }).rcode, refused);
  for (const type of [axfr, ixfr]) assert.equal(ask({ name: 'vm', type }).rcode, refused);
  for (const type of [128, 249, 250, 253, 254]) assert.equal(ask({ name: 'web.vm', type }).rcode, notImp);
  for (const type of [0, opt]) assert.equal(ask({ name: 'web.vm', type }).rcode, formErr);
});

test('a label is its bytes: no dot or odd character in one makes it another name', () => {
  const tail = uint16(a, 1);
  const head = encodeQuery({ name: '' }).subarray(0, 12);
  const cases: [string[], number][] = [
    [['web.vm'], refused],
    [['web', 'vm'], noError],
    [['web.alice', 'vm'], nxDomain],
    [['web', 'vm\0'], refused],
    [['web\0', 'vm'], nxDomain],
    [['w\xeb', 'vm'], nxDomain],
    // U+212A, which some lower-casing makes a k, and a capital with a dot.
    [['\xe2\x84\xaa', 'vm'], nxDomain],
    [['x\x02vm'], refused],
    [['x'.repeat(63), 'vm'], nxDomain],
  ];
  for (const [labels, expected] of cases) {
    const query = Buffer.concat([head, encodeName(labels), tail]);
    const response = respond(query, fewNames, 'udp');
    assert.equal((response?.readUInt16BE(2) ?? 0) & 0xf, expected, JSON.stringify(labels));
    assert.deepEqual(response?.subarray(12, query.length), query.subarray(12), 'the question is as it was');
  }
});

test('flags come back as the protocol has it', () => {
  const flagsOf = (flags: number) =>
    respond(encodeQuery({ name: 'web.vm', flags }), fewNames, 'udp')?.readUInt16BE(2);
  assert.equal(flagsOf(0x0000), 0x8400);
  assert.equal(flagsOf(0x0100), 0x8500, 'RD is echoed, RA is not claimed');
  assert.equal(flagsOf(0x0110), 0x8510, 'CD is echoed');
  assert.equal(flagsOf(0x07ef), 0x8500, 'AA, TC, RA, Z, AD and the rcode of a query mean nothing');
});

test('EDNS is answered with EDNS', () => {
  const told = ask({ name: 'web.vm', edns: { payload: 4096, flags: 0x8000 } });
  assert.deepEqual([told.opt?.udpPayloadSize, told.opt?.flag_do, told.opt?.ednsVersion], [1232, true, 0]);
  assert.equal(ask({ name: 'no.vm', edns: {} }).opt?.flag_do, false);
  assert.ok(ask({ name: 'web.com', edns: {} }).opt);
  const cookie = Buffer.concat([uint16(10, 8), Buffer.alloc(8, 7), uint16(65_001, 3), Buffer.alloc(3)]);
  assert.deepEqual(ask({ name: 'web.vm', edns: { options: cookie } }).answers.length, 1);
  const versioned = ask({ name: 'web.vm', edns: { version: 1 } });
  assert.deepEqual([versioned.rcode, versioned.answers, versioned.opt?.ednsVersion], [badVers, [], 0]);
  // Two OPT records, one of another owner, one that is longer than the message.
  const query = encodeQuery({ name: 'web.vm', edns: {} });
  const opt = query.subarray(-11);
  const twice = Buffer.concat([query, opt]);
  twice.writeUInt16BE(2, 10);
  const owned = Buffer.concat([query.subarray(0, -11), encodeName(['x']), opt.subarray(1)]);
  const long = Buffer.from(query);
  long.writeUInt16BE(40, long.length - 2);
  for (const message of [twice, owned, long]) {
    assert.equal(decodeResponse(respond(message, fewNames, 'udp') ?? Buffer.alloc(0)).rcode, formErr);
  }
});

test('an answer that the client has no room for is cut, and whole by TCP', () => {
  const many: NameTable = { find: () => Array.from({ length: 60 }, (_, index) => `127.66.0.${index}`) };
  const size = (edns: Asked['edns'], transport: 'udp' | 'tcp') => {
    const query = encodeQuery({ name: 'web.vm', ...(edns && { edns }) });
    const response = respond(query, many, transport) ?? Buffer.alloc(0);
    const { tc, answers, opt } = decodeResponse(response);
    assert.equal(opt !== undefined, edns !== undefined);
    assert.equal(answers.length, tc ? 0 : 60);
    return tc ? 'cut' : response.length;
  };
  const [plain, withOpt] = [12 + 12 + 60 * 22, 12 + 12 + 60 * 22 + 11];
  assert.ok(plain > 1232);
  assert.deepEqual(
    [size(undefined, 'udp'), size({ payload: 512 }, 'udp'), size({ payload: 65_535 }, 'udp')],
    ['cut', 'cut', 'cut'],
  );
  assert.deepEqual([size(undefined, 'tcp'), size({ payload: 100 }, 'tcp')], [plain, withOpt]);
  const some: NameTable = { find: () => Array.from({ length: 40 }, () => '127.66.0.1') };
  const cut = (payload: number) => ask({ name: 'web.vm', edns: { payload } }, some).tc;
  assert.deepEqual([cut(0), cut(512), cut(914), cut(915), cut(1232)], [true, true, true, false, false]);
  // The longest name that there can be is far from any limit.
  const longest = ask({
    name: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(58)}.vm`,
    type: a,
  });
  assert.deepEqual([longest.rcode, longest.tc], [nxDomain, false]);
});

test('a malformed query gets an error, and a response gets no answer', () => {
  const query = encodeQuery({ name: 'web.vm' });
  const withCounts = (...counts: number[]) =>
    Buffer.concat([query.subarray(0, 4), uint16(...counts), query.subarray(12)]);
  const rcodeOf = (message: Buffer) => {
    const response = respond(message, fewNames, 'udp');
    return response && decodeResponse(response).rcode;
  };
  assert.equal(rcodeOf(withCounts(1, 0, 0, 0)), noError);
  const twoQuestions = Buffer.concat([withCounts(2, 0, 0, 0), query.subarray(12)]);
  const manyQuestions = Buffer.concat([
    withCounts(1000, 0, 0, 0),
    ...Array.from({ length: 999 }, () => query.subarray(12)),
  ]);
  const counted = [
    [0, 0, 0, 0],
    [1, 1, 0, 0],
    [1, 0, 1, 0],
    [1, 0, 0, 1],
    [1, 0, 0, 3],
    [65_535, 65_535, 65_535, 65_535],
  ];
  for (const message of [twoQuestions, manyQuestions, ...counted.map((counts) => withCounts(...counts))]) {
    assert.equal(rcodeOf(message), formErr);
  }
  assert.equal(rcodeOf(Buffer.concat([query, Buffer.from([0])])), formErr, 'there is more than announced');
  for (let opcode = 1; opcode < 16; opcode++) {
    assert.equal(rcodeOf(encodeQuery({ name: 'web.vm', flags: opcode << 11 })), notImp);
  }
  for (let length = 0; length < query.length; length++) {
    assert.equal(rcodeOf(query.subarray(0, length)), length < 12 ? undefined : formErr, `${length} bytes`);
  }
  assert.equal(rcodeOf(encodeQuery({ name: 'web.vm', flags: 0x8000 })), undefined, 'a response');
  const own = respond(query, fewNames, 'udp') ?? Buffer.alloc(0);
  assert.equal(rcodeOf(own), undefined, 'our own response');
});

test('compression is no way to make a name longer than a message', () => {
  const head = encodeQuery({ name: '' }).subarray(0, 12);
  const tail = uint16(a, 1);
  const loops = [
    [0xc0, 12],
    [0xc0, 14],
    [0xc0, 0],
    [0xff, 0xff],
    [3, 0x77, 0x65, 0x62, 0xc0, 12],
    [1, 0x61, 0xc0, 14],
    [0x40, 1],
    [0x80, 1],
  ];
  for (const name of loops) {
    const response = respond(Buffer.concat([head, Buffer.from(name), tail]), fewNames, 'udp');
    assert.equal(decodeResponse(response ?? Buffer.alloc(0)).rcode, formErr, JSON.stringify(name));
  }
  // A chain of pointers, as long as a message by TCP may be, in the owner of an additional record.
  const query = encodeQuery({ name: 'web.vm' });
  const chain = Array.from({ length: 2000 }, (_, index) =>
    uint16(0xc000 | (query.length + 11 + 2 * (index - 1))),
  );
  const text = Buffer.concat([Buffer.from([0]), uint16(16, 1, 0, 0, 2 * chain.length), ...chain]);
  const last = Buffer.concat([uint16(0xc000 | (query.length + 11 + 2 * 1999)), uint16(1, 1, 0, 0, 4, 1, 1)]);
  const message = Buffer.concat([query, text, last]);
  message.writeUInt16BE(2, 10);
  const begin = performance.now();
  assert.equal(decodeResponse(respond(message, fewNames, 'tcp') ?? Buffer.alloc(0)).rcode, formErr);
  assert.ok(performance.now() - begin < 100);
});
