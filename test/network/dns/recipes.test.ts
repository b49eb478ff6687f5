/** Resolvers that the documentation tells how to set up, with what it says, on ports of the loopback. */
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DnsServer } from '../../../src/network/dns/server.ts';
import { Running, until } from '../../support/program.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { fewNames } from './support.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/dns-routing.md'), 'utf8');
const log = { info: () => undefined, warn: () => undefined, error: () => assert.fail('an error was logged') };
const server = await DnsServer.listen(fewNames, log, 0);
after(() => server.close());

/** The contents of a file that the page shows, with the port of this test's server. */
function fileOf(path: string): string {
  const [, text] = new RegExp(`\`\`\`\\w*\\n# ${path}\\n([^\`]*)\`\`\``).exec(page) ?? [];
  assert.ok(text, `the page has no ${path}`);
  return text.replaceAll('42069', String(server.port));
}

test('dnsmasq, set up as the documentation says, finds the names', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'dnsmasq.conf');
  const port = 20_000 + (process.pid % 10_000);
  const own = [
    'no-resolv',
    'no-hosts',
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'stop-dns-rebind',
    `port=${port}`,
  ];
  writeFileSync(file, `${fileOf('/etc/dnsmasq.d/banger.conf')}${own.join('\n')}\n`);
  const dnsmasq = new Running('dnsmasq', [
    '--keep-in-foreground',
    `--conf-file=${file}`,
    '--pid-file',
    '--user=root',
  ]);
  const client = new Resolver({ timeout: 1000, tries: 2 });
  client.setServers([`127.0.0.1:${port}`]);
  const find = (name: string) => client.resolve4(name).catch(({ code }) => code);
  try {
    await until('dnsmasq to answer', async () => (await find('web.vm')) !== 'ECONNREFUSED');
    assert.deepEqual(await find('web.vm'), ['127.66.1.1']);
    assert.deepEqual(await find('DB-1.alice.vm'), ['127.66.1.2']);
    assert.equal(await find('no.vm'), 'ENOTFOUND');
    assert.equal(await find('example.com'), 'EREFUSED', 'it has nobody else to ask');
  } finally {
    dnsmasq.child.kill();
    await dnsmasq.ended;
  }
});
