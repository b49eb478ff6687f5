import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { formatUrl } from '../../src/cli/vm/ports.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
/** Where the host has the VM `web`. */
let address: string;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
  address = await fixture.daemon.vm(await fixture.daemon.addVm('web')).get('Address');
});
after(() => fixture[Symbol.asyncDispose]());

const evil = 'a\u001b]8;;http:evil\u0007b\nc\u202e';

const listener = (protocol: string, address: string, port: number, owner = {}) => ({
  ...{ protocol, address, port },
  ...owner,
});
const owner = (pid: number, process: string, command: string) => ({ pid, process, command });

/** Has something listen in a guest. */
async function tell(ports: readonly object[], name = 'web'): Promise<void> {
  (await fixture.daemon.machineOf(name)).ports = ports;
}

/** Has a server where a forward of a VM's port would lead. */
async function listen(t: TestContext, server: Server, port: number): Promise<void> {
  server.listen(port, address);
  await once(server, 'listening');
  t.after(() => server.close());
}

function makeHttpsServer(): Server {
  const [key, cert] = [join(fixture.directory, 'key'), join(fixture.directory, 'cert')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end(),
  );
}

test('ports show how they are reached or why not', async (t) => {
  await tell([
    listener('tcp', '0.0.0.0', 22, owner(5, 'sshd', 'sshd -D')),
    listener('tcp', '0.0.0.0', 80, owner(6, 'nginx', 'nginx')),
    listener('tcp', '::1', 631, owner(7, 'cupsd', 'cupsd')),
    listener('tcp', '::', 8080, owner(8, 'node', 'node x.js')),
    listener('tcp', '::', 8443, owner(9, 'node', 'node y.js')),
  ]);
  const http = createHttpServer((_, response) => response.end());
  await listen(t, http, 8080);
  await listen(t, makeHttpsServer(), 8443);
  const { port } = await fixture.daemon.vm(await fixture.daemon.idOf('web')).call('SSH');
  const { status, stdout, stderr } = await fixture.run(['vm', 'ports', 'web']);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['PROTO', 'ENDPOINT', 'PROCESS', 'COMMAND'],
      ['tcp', `${address}:${port}`, 'sshd', 'sshd -D'],
      ['tcp', '0.0.0.0:80 (ports below 1024 are not forwarded)', 'nginx', 'nginx'],
      ['tcp', '[::1]:631 (in the guest only)', 'cupsd', 'cupsd'],
      ['tcp', `http://${address}:8080/`, 'node', 'node x.js'],
      ['tcp', `https://${address}:8443/`, 'node', 'node y.js'],
      [''],
    ],
  );
});

test('names of programs of the guest and the host have no control characters', async (t) => {
  await tell([listener('tcp', '::', 8443, owner(9, evil, evil)), listener('tcp', '0.0.0.0', 9000)]);
  await listen(t, createHttpServer(), 9000);
  fixture.daemon.machines.takenPorts.add(9000);
  const { title } = process;
  t.after(() => {
    process.title = title;
  });
  process.title = evil;
  const { status, stdout, stderr } = await fixture.run(['vm', 'ports', 'web']);
  assert.equal(status, 0, stderr);
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
  assert.equal(lines.length, 4, 'a name has broken a line');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the question
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(
    lines[2]?.[1] ?? '',
    /^0\.0\.0\.0:9000 \(not reached: a.*evil.*b.*c.* \(pid \d+\) has the port\)$/,
  );
  assert.ok(lines[2]?.[1]?.includes(`(pid ${process.pid})`));
});

const none = { endpoint: null, url: null, process: null, command: null, pid: null };

test('JSON has the same, with null for what there is not', async (t) => {
  await tell([listener('tcp', '::', 8443, owner(8, 'node', 'node x.js')), listener('udp', '0.0.0.0', 9000)]);
  await listen(t, makeHttpsServer(), 8443);
  const { stdout } = await fixture.run(['vm', 'ports', 'web', '--json']);
  assert.deepEqual(JSON.parse(stdout), [
    {
      ...{ protocol: 'tcp', port: 8443, guest_address: '::', endpoint: `${address}:8443` },
      ...{ url: `https://${address}:8443/`, process: 'node', command: 'node x.js', pid: 8 },
      ...{ obstacle: null, taken_by: null },
    },
    {
      ...{ protocol: 'udp', port: 9000, guest_address: '0.0.0.0' },
      ...{ ...none, obstacle: 'taken', taken_by: null },
    },
  ]);
});

test('JSON of a VM without a network names that as what is in the way', async () => {
  await fixture.daemon.addVm('alone', { network: 'none' });
  await tell([listener('udp', '0.0.0.0', 9000)], 'alone');
  const { stdout } = await fixture.run(['vm', 'ports', 'alone', '--json']);
  assert.deepEqual(JSON.parse(stdout), [
    {
      ...{ protocol: 'udp', port: 9000, guest_address: '0.0.0.0' },
      ...{ ...none, obstacle: 'no-forwards', taken_by: null },
    },
  ]);
});

test('a URL has no port where that is the usual one', () => {
  const urls = [
    ['http', 80],
    ['http', 443],
    ['https', 443],
    ['https', 80],
    ['', 80],
  ] as const;
  assert.deepEqual(
    urls.map(([scheme, host_port]) => formatUrl({ scheme, host_port }, 'web.vm')),
    ['http://web.vm/', 'http://web.vm:443/', 'https://web.vm/', 'https://web.vm:80/', undefined],
  );
});
