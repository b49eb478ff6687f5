import assert from 'node:assert/strict';
import { test } from 'node:test';
import dnsPacket from 'dns-packet';
import { respond } from '../../../src/network/dns/respond.ts';
import { fuzzSeed, randomOf } from '../../support/random.ts';
import { encodeName, encodeQuery, fewNames, uint16 } from './support.ts';

/** How long the random part takes in every run; BANGER_FUZZ_SECONDS is for longer ones. */
const seconds = Number(process.env.BANGER_FUZZ_SECONDS ?? 3);
/** Beyond its question, an answer has an SOA record or addresses, and OPT. */
const maxGrowth = 120;

const types = [1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 64, 65, 249, 250, 251, 252, 255, 0, 256, 65_535];
const names = [
  'web.vm',
  'WeB.vM',
  'db-1.alice.vm',
  'alice.vm',
  'vm',
  '',
  'no.vm',
  'web.com',
  'a.b.c.d.e.f.g.h.vm',
  'web.vm.vm',
];
const options = [
  undefined,
  {},
  { payload: 0 },
  { payload: 65_535, flags: 0x8000 },
  { version: 1 },
  { options: Buffer.concat([uint16(10, 8), Buffer.alloc(8, 1)]) },
  { options: Buffer.concat([uint16(8, 7, 1), Buffer.from([24, 0, 10, 0, 0])]) },
  { options: Buffer.concat([uint16(12, 100), Buffer.alloc(100)]) },
];
const valid = names.flatMap((name) =>
  types.flatMap((type) => options.map((edns) => encodeQuery({ name, type, ...(edns && { edns }) }))),
);
/** Records of all kinds that dns-packet takes apart, as somebody may add them to a query. */
const records = [
  Buffer.concat([encodeName(['x']), uint16(16, 1, 0, 0, 3), Buffer.from([2, 1, 1])]),
  Buffer.concat([uint16(0xc00c, 6, 1, 0, 0, 22), Buffer.alloc(22)]),
  Buffer.concat([uint16(0xc00c, 47, 1, 0, 0, 8), Buffer.from([1, 97, 0, 0, 2, 0x40, 1, 0])]),
  Buffer.concat([uint16(0xc00c, 46, 1, 0, 0, 20), Buffer.alloc(20)]),
  Buffer.concat([uint16(0xc00c, 257, 1, 0, 0, 9), Buffer.from('\0\x05issuex', 'latin1')]),
  Buffer.concat([uint16(0xc00c, 50, 1, 0, 0, 30), Buffer.alloc(30, 3)]),
  Buffer.concat([uint16(0xc00c, 35, 1, 0, 0, 12), Buffer.alloc(12, 2)]),
  Buffer.concat([Buffer.from([0]), uint16(41, 1232, 0, 0, 0)]),
];
const corpus = [
  ...valid,
  ...valid.slice(0, 40).flatMap((query) => records.map((record) => withAdditional(query, record))),
];

function withAdditional(query: Buffer, record: Buffer): Buffer {
  const message = Buffer.concat([query, record]);
  message.writeUInt16BE(query.readUInt16BE(10) + 1, 10);
  return message;
}

/** Says what is wrong about how a message was treated. */
function check(message: Buffer, transport: 'udp' | 'tcp'): string | undefined {
  const before = Buffer.from(message);
  const begin = performance.now();
  const response = respond(message, fewNames, transport);
  if (performance.now() - begin > 500) return 'it took long';
  if (!before.equals(message)) return 'it was changed';
  const isIgnored = message.length < 12 || (message[2] ?? 0) >= 0x80;
  if (!response) return isIgnored ? undefined : 'it was not answered';
  if (isIgnored) return 'it was answered';
  if (response.readUInt16BE(0) !== message.readUInt16BE(0)) return 'the answer has another id';
  const flags = response.readUInt16BE(2);
  if ((flags & 0x8000) === 0 || (flags & 0x00e0) !== 0)
    return `the answer has the flags ${flags.toString(16)}`;
  if (![0, 1, 3, 4, 5].includes(flags & 0xf)) return `the answer has the code ${flags & 0xf}`;
  if (response.length > message.length + maxGrowth || (transport === 'udp' && response.length > 1232))
    return 'the answer is too long';
  return checkSections(message, response);
}

function checkSections(message: Buffer, response: Buffer): string | undefined {
  const told = dnsPacket.decode(response);
  if (dnsPacket.decode.bytes !== response.length) return 'the answer has more than it tells';
  if ((told.questions?.length ?? 0) > 1) return 'the answer has several questions';
  if (told.questions?.length === 1) {
    let end = 12;
    while (response[end] !== 0) end += 1 + (response[end] ?? 0);
    end += 5;
    if (!response.subarray(12, end).equals(message.subarray(12, end)))
      return 'the answer has another question';
  }
  const addresses = (told.answers ?? []).filter(({ type }) => type === 'A');
  const isNamed = /web|db-1/i.test(message.toString('latin1'));
  return addresses.length > 0 && !isNamed ? 'there is an address that was not asked for' : undefined;
}

function mutated(random: (below: number) => number): Buffer {
  const pick = () => corpus[random(corpus.length)] ?? Buffer.alloc(0);
  let message = Buffer.from(pick());
  for (let count = 1 + random(2); count > 0; count--) {
    const at = random(message.length + 1);
    switch (random(8)) {
      case 0:
        message = message.subarray(0, at);
        break;
      case 1:
        message = Buffer.concat([message.subarray(0, at), pick().subarray(random(40))]);
        break;
      case 2:
        message = Buffer.concat([
          message.subarray(0, at),
          Buffer.from([0xc0 | random(64), random(256)]),
          message.subarray(at),
        ]);
        break;
      case 3:
        message = Buffer.concat([message, records[random(records.length)] ?? pick()]);
        break;
      case 4:
        // A count of the header.
        if (message.length >= 12) message.writeUInt16BE(random(4), 4 + 2 * random(4));
        break;
      case 5:
        message = Buffer.concat([message.subarray(0, at), message.subarray(at + 1 + random(4))]);
        break;
      default:
        if (at < message.length)
          message[at] = random(4) === 0 ? (message[at] ?? 0) ^ (1 << random(8)) : random(256);
    }
  }
  return message;
}

test('whatever is sent, the answer is one to it, or there is none', (t) => {
  const seed = fuzzSeed();
  const random = randomOf(seed);
  let count = 0;
  const tried = new Map<string, number>();
  const examine = (message: Buffer, transport: 'udp' | 'tcp') => {
    count++;
    let wrong: string | undefined;
    try {
      wrong = check(message, transport);
    } catch (error) {
      wrong = `thrown: ${error}`;
    }
    assert.equal(wrong, undefined, `seed ${seed}, message ${count}: ${message.toString('hex')}`);
    const response = respond(message, fewNames, transport);
    const outcome = response ? `code ${response.readUInt16BE(2) & 0xf}` : 'ignored';
    tried.set(outcome, (tried.get(outcome) ?? 0) + 1);
  };
  for (const message of corpus) {
    for (const transport of ['udp', 'tcp'] as const) examine(message, transport);
    // Every place at which it may be cut short.
    for (let length = 0; length < message.length; length += 7) examine(message.subarray(0, length), 'udp');
  }
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    for (let round = 0; round < 200; round++) examine(mutated(random), random(2) === 0 ? 'udp' : 'tcp');
    const noise = Buffer.from(Array.from({ length: random(100) }, () => random(256)));
    examine(noise, 'udp');
  }
  // Otherwise the changes are too wild or too tame to say anything.
  for (const outcome of ['ignored', 'code 0', 'code 1', 'code 3', 'code 4', 'code 5']) {
    assert.ok((tried.get(outcome) ?? 0) > 100, `${outcome}: ${tried.get(outcome)} of ${count}, seed ${seed}`);
  }
  const outcomes = [...tried].map(([outcome, times]) => `${outcome}: ${times}`).join(', ');
  t.diagnostic(`${count} messages, seed ${seed}; ${outcomes}`);
});
