import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DnsServer } from '../../../src/network/dns/server.ts';
import { Running } from '../../support/program.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { fewNames } from './support.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => assert.fail('an error was logged') };
const server = await DnsServer.listen(fewNames, log, 0);
after(() => server.close());

/** What dig is asked, and what it must make of the answer. */
interface Case {
  name: string;
  type: string;
  status: string;
  flags: string;
  answers: string[];
  hasSoa: boolean;
  /** What it says of EDNS. */
  edns: string;
}

const soa = 'vm. 0 IN SOA localhost. nobody.invalid. 1 3600 600 86400 0';
const addresses: Record<string, string> = { web: '127.66.1.1', 'db-1': '127.66.1.2' };
const names = ['web.vm', 'WeB.vM', 'db-1.vm', 'web.alice.vm', 'DB-1.Alice.VM', 'alice.vm', 'vm', 'VM'];
const unknown = [
  'no.vm',
  'www.web.vm',
  'web.bob.vm',
  'a.b.c.d.e.vm',
  `${'x'.repeat(63)}.vm`,
  'we\\.b.vm',
  'w\\235b.vm',
];
const outside = ['.', 'com', 'example.com', 'web.vm.example', 'xvm', 'web\\.vm', '1.1.66.127.in-addr.arpa'];
const types = ['A', 'AAAA', 'ANY', 'SOA', 'NS', 'TXT', 'MX', 'PTR', 'HTTPS', 'DS', 'TYPE12345'];
/** How dig may ask, and how that shows in the answer. */
const ways: [string, Partial<Case>][] = [
  ['', { flags: ' rd', edns: 'version: 0, flags:; udp: 1232' }],
  ['+noedns +nocookie', { flags: ' rd', edns: '' }],
  ['+tcp', { flags: ' rd', edns: 'version: 0, flags:; udp: 1232' }],
  ['+dnssec +bufsize=512', { flags: ' rd', edns: 'version: 0, flags: do; udp: 1232' }],
  ['+norec +cdflag', { flags: ' cd', edns: 'version: 0, flags:; udp: 1232' }],
  [
    '+edns=1 +noednsneg',
    { status: 'BADVERS', flags: ' rd', edns: 'version: 0, flags:; udp: 1232', answers: [], hasSoa: false },
  ],
  ['+subnet=192.0.2.0/24 +padding=128 +nsid', { flags: ' rd', edns: 'version: 0, flags:; udp: 1232' }],
  ['+opcode=UPDATE', { status: 'NOTIMP', flags: ' rd', edns: '', answers: [], hasSoa: false }],
];

/** The zone as a person would say it, apart from the code that answers. */
function expected(name: string, type: string, [, way]: (typeof ways)[number]): Case {
  const lower = name.toLowerCase();
  const address = addresses[lower.replace(/(\.alice)?\.vm$/, '')];
  const soaOf = soa.replace('vm.', `${name}.`);
  const isApex = lower === 'vm';
  const all: Record<string, string[]> = isApex
    ? { SOA: [soaOf], NS: [`${name}. 0 IN NS localhost.`], ANY: [soaOf, `${name}. 0 IN NS localhost.`] }
    : { A: [`${name}. 0 IN A ${address}`], ANY: [`${name}. 0 IN A ${address}`] };
  const isInner = lower === 'alice.vm';
  const answers = (address || isApex) && !isInner ? (all[type] ?? []) : [];
  const isOutside = outside.includes(name);
  const isUnknown = unknown.includes(name);
  const status = isOutside ? 'REFUSED' : isUnknown ? 'NXDOMAIN' : 'NOERROR';
  const base = { status, answers, hasSoa: !isOutside && answers.length === 0, flags: '', edns: '', ...way };
  const isAuthoritative = way.status === undefined && !isOutside;
  return { ...base, name, type, flags: `qr${isAuthoritative ? ' aa' : ''}${base.flags}` };
}

for (const way of ways) {
  const [options] = way;
  // One run for each: what a line of a file turns off is on again for the next one.
  test(`dig reads every answer as it should be, and has nothing to complain of: ${options}`, async (t) => {
    const cases = [...names, ...unknown, ...outside].flatMap((name) =>
      types.map((type) => expected(name, type, way)),
    );
    const file = join(temporaryDirectory(t), 'queries');
    const common = `+noall +comments +answer +authority +tries=1 +time=5 ${options}`;
    writeFileSync(
      file,
      cases.map(({ name, type }) => `@127.0.0.1 -p ${server.port} ${name} ${type} ${common}\n`).join(''),
    );
    // Without the settings of whoever runs the test.
    const env = { PATH: process.env.PATH, LANG: 'C' };
    const { status, stdout } = await new Running('dig', ['-r', '-f', file], { timeoutMs: 60_000, env }).ended;
    assert.equal(status, 0);
    const blocks = stdout
      .toString('latin1')
      .split(/^;; Got answer:\n/m)
      .slice(1);
    assert.equal(blocks.length, cases.length);
    for (const [index, wanted] of cases.entries())
      assert.deepEqual(readBlock(blocks[index] ?? '', wanted), wanted);
    t.diagnostic(`${cases.length} queries by dig`);
  });
}

function readBlock(block: string, { name, type, status }: Case): Case {
  const complaints =
    block.match(/^(;; (WARNING|Warning|Got bad|Question section mismatch|.*malformed).*|;; ERROR.*)$/gm) ??
    [];
  const known = /recursion requested but not available|EDNS query returned status/;
  assert.deepEqual(
    complaints.filter((complaint) => !known.test(complaint)),
    [],
    block,
  );
  const records = (section: string) => {
    const [, text = ''] = new RegExp(`^;; ${section} SECTION:\\n((?:.+\\n)*)`, 'm').exec(block) ?? [];
    return text
      .split('\n')
      .filter(Boolean)
      .map((record) => record.replaceAll(/\s+/g, ' '));
  };
  const authorities = records('AUTHORITY');
  assert.ok(authorities.length === 0 || (authorities.length === 1 && authorities[0] === soa), block);
  return {
    name,
    type,
    status: / status: (\w+)/.exec(block)?.[1] ?? status,
    flags: /^;; flags: ([^;]*);/m.exec(block)?.[1] ?? '',
    answers: records('ANSWER'),
    hasSoa: authorities.length > 0,
    edns: /^; EDNS: (.*)$/m.exec(block)?.[1] ?? '',
  };
}
