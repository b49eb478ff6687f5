/** docs/dns-routing.md on a real host: what it says for systemd-resolved, with the daemon's own server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { node } from './support/checkout.ts';
import type { TestHost } from './support/host.ts';
import { call, openServiceHost, stop, write } from './support/service.ts';

const unit = '/etc/systemd/system/banger-names.service';
const nameServer = join(import.meta.dirname, 'programs/name-server.ts');
const page = readFileSync(join(checkout, 'docs/dns-routing.md'), 'utf8');

let host: TestHost;
before(async () => {
  host = await openServiceHost();
  const [, text] = new RegExp(`\`\`\`ini\\n# ${unit}\\n([^\`]*)\`\`\``).exec(page) ?? [];
  assert.ok(text, 'the page has the unit');
  write(host, unit, text);
  await root('systemctl', 'daemon-reload');
});
after(() => host.close());

async function root(...argv: string[]): Promise<string> {
  const { status, stdout, stderr } = await host.asRoot(argv);
  assert.equal(status, 0, `${argv.join(' ')}: ${stdout}${stderr}`);
  return stdout.toString();
}

/** What resolved says of a name: its addresses, or why there are none. */
async function query(name: string): Promise<string> {
  const { stdout, stderr } = await host.asUser('bob', ['resolvectl', 'query', '--legend=no', name]);
  const addresses = [...stdout.toString().matchAll(/ (\d+\.\d+\.\d+\.\d+)/g)].map(([, address]) => address);
  return addresses.join() || stderr.trim().replace(/^.*: /, '');
}

/** What doctor tells alice of some checks. */
async function doctor(...checks: string[]): Promise<string[]> {
  const { stdout } = await host.asUser('alice', ['banger', 'doctor', '--json']);
  const found: { check: string; status: string; detail: string; remedy: string }[] = JSON.parse(
    stdout.toString(),
  );
  return found
    .filter(({ check }) => checks.includes(check))
    .map(({ check, status, detail, remedy }) => [`${status} ${check}: ${detail}`, remedy].join(' → '));
}

test('doctor reports why a VM cannot have a namespace, and its remedy works', async () => {
  await root('chmod', '0600', '/dev/net/tun');
  const [line = ''] = await doctor('network');
  assert.match(line, /^warn network: VMs see the host's loopback, .*\/dev\/net\/tun/);
  const [, remedy = ''] = line.split(' → ');
  await root('sh', '-c', remedy);
  assert.match((await doctor('network'))[0] ?? '', /^pass network: a new VM is in user mode/);
});

test('doctor sees whether names are found, before and after the recipe', async () => {
  const served = 'pass dns: names of VMs are served at 127.0.0.1:42069 → ';
  const [dns, before = ''] = await doctor('dns', 'names');
  assert.equal(dns, served);
  assert.match(before, /^warn names: programs do not find NAME\.vm: .* → docs\/dns-routing\.md/);
  await root('systemctl', 'enable', '--now', 'banger-names.service');
  const found = 'pass names: programs find NAME.vm and NAME.alice.vm → ';
  assert.deepEqual(await doctor('dns', 'names'), [served, found]);
  await stop(host, 'alice');
});

test("resolved asks the daemon, which answers from its unit's confinement", async (t) => {
  const without = await query('web.vm');
  await call(host, 'alice', 'ListVMs');
  const address = await host.userSays('alice', ...property('DNSAddress'));
  assert.equal(address.trim(), 's "127.0.0.1:42069"');
  assert.match(await query('web.vm'), /not found/);
  assert.doesNotMatch(without, /not found/);
  await stop(host, 'alice');
  const begin = performance.now();
  assert.equal(await query('web.vm'), without, 'nobody answers after its end');
  t.diagnostic(`${without}, after ${Math.round(performance.now() - begin)} ms`);
});

test('names are found by every program while their VMs run, and no others are asked for there', async () => {
  const running = host.startAsUser('alice', [node, nameServer]);
  const { stdin, stdout } = running.child;
  assert.ok(stdin && stdout);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const tell = async (line: string) => {
    stdin.write(`${line}\n`);
    assert.equal((await lines.next()).value, 'ok');
  };
  assert.equal((await lines.next()).value, '127.0.0.1:42069');
  assert.match(await query('web.vm'), /not found/);
  // A name that was not there a moment before, and one that has gone.
  await tell('web 127.66.232.1');
  assert.equal(await query('web.vm'), '127.66.232.1');
  assert.equal(await query('WEB.alice.VM'), '127.66.232.1');
  assert.match(await root('getent', 'ahostsv4', 'web.vm'), /^127\.66\.232\.1 +STREAM/);
  await tell('web 172.30.5.9');
  assert.equal(await query('web.vm'), '172.30.5.9');
  await tell('web');
  assert.match(await query('web.vm'), /not found/);
  assert.equal((await host.asRoot(['getent', 'hosts', 'web.vm'])).status, 2);
  // Without another server, names elsewhere are asked of nobody.
  assert.doesNotMatch(await query('web.example'), /not found|refused/i);
  stdin.end();
  await running.ended;
});

function property(name: string): string[] {
  const manager = ['org.banger.Manager1', '/org/banger/Manager1', 'org.banger.Manager1'];
  return ['busctl', '--user', 'get-property', ...manager, name];
}
