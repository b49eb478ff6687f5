import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { enclose, enclosureObstacle } from '../../src/network/enclosure.ts';
import { namespaceSocket, tellNamespace } from '../../src/network/namespace.ts';
import { enclosureTools, helper, processesWith, program } from '../guest/support/host.ts';
import { Running, until } from '../support/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));
const tools = enclosureTools();
const ip = program('ip', 'iproute2');

async function enclosed(file: string, args: readonly string[], allowLan = false): Promise<string> {
  const whole = enclose({ file, args }, tools, { runtimeDirectory: directory, allowLan, nat: true });
  const { stdout, stderr, status } = await execute({ file: whole.file, args: whole.args, timeoutMs: 20_000 });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('the namespace has two taps, a way out and a wall around private networks', async () => {
  assert.match(await enclosed(ip, ['-br', 'link', 'show', 'vmtap0']), /^vmtap0/);
  const routes = await enclosed(ip, ['route']);
  assert.match(routes, /^default via 10\.0\.2\.2 dev slirp0/m);
  assert.match(routes, /^10\.0\.2\.100 dev vmtap0/m);
  assert.match(routes, /^unreachable 169\.254\.0\.0\/16/m);
  assert.match(routes, /^unreachable 192\.168\.0\.0\/16/m);
  assert.doesNotMatch(await enclosed(ip, ['route'], true), /192\.168/);
});

test('a VM without NAT has neither a way out nor names, and both come and go while it runs', async (t) => {
  const socket = namespaceSocket(directory);
  const whole = enclose(
    { file: '/bin/sh', args: ['-c', `while read -r line; do ${ip} route; echo end; done`] },
    tools,
    { runtimeDirectory: directory, allowLan: false, nat: false },
  );
  const shell = new Running(whole.file, whole.args, { timeoutMs: 30_000 });
  t.after(() => shell.child.kill('SIGKILL'));
  const routes = async () => {
    const before = shell.stdout().length;
    shell.child.stdin?.write('\n');
    await until('the routes are told', () => shell.stdout().slice(before).endsWith('end\n'));
    return shell.stdout().slice(before).replaceAll(' linkdown', '');
  };
  const off = await routes();
  assert.doesNotMatch(off, /^default/m);
  assert.match(off, /^unreachable 10\.0\.2\.3/m);
  for (let time = 0; time < 2; time++) await tellNamespace(socket, 'nat on');
  const on = await routes();
  assert.match(on, /^default via 10\.0\.2\.2 dev slirp0/m);
  assert.doesNotMatch(on, /10\.0\.2\.3/);
  await tellNamespace(socket, 'deny 203.0.113.7/32');
  for (let time = 0; time < 2; time++) await tellNamespace(socket, 'nat off');
  const offAgain = (await routes()).split('\n');
  assert.deepEqual(
    offAgain.filter((line) => !line.includes('203.0.113.7')),
    off.split('\n'),
  );
  assert.equal(offAgain.length, off.split('\n').length + 1);
  for (const order of ['nat', 'deny everything', 'x'.repeat(100), ''])
    await assert.rejects(tellNamespace(socket, order), { code: 'HostNotReady' }, order);
  shell.child.kill('SIGKILL');
  await shell.ended;
  await until('its helpers have ended', () => processesWith(socket).length === 0);
  await assert.rejects(tellNamespace(socket, 'nat on'), { code: 'HostNotReady', message: /ECONNREFUSED/ });
});

test('the program is another namespace’s, is us, and inherits nothing but its lifeline', async () => {
  const script = 'readlink /proc/self/ns/net; id -u; ls -l /proc/self/fd | grep -c pipe';
  const [namespace, uid] = (await enclosed('/bin/sh', ['-c', script])).split('\n');
  assert.notEqual(namespace, readlinkSync('/proc/self/ns/net'));
  assert.equal(uid, String(process.getuid?.()));
});

test('the program’s arguments and status pass through unchanged', async () => {
  const args = ['-c', 'printf "%s|" "$@"; exit 42', 'sh', 'a b', '--check', '', '$x\n"'];
  const whole = enclose({ file: '/bin/sh', args }, tools, {
    runtimeDirectory: directory,
    allowLan: false,
    nat: true,
  });
  const { stdout, status } = await execute({ ...whole, timeoutMs: 20_000 });
  assert.equal(stdout, 'a b|--check||$x\n"|');
  assert.equal(status, 42);
});

test('that it works is found out once, and that it does not is told with what helps', async () => {
  assert.equal(await enclosureObstacle(tools, directory), undefined);
  assert.ok(readdirSync(directory).includes('enclosure.json'));
  assert.equal(await enclosureObstacle(tools, directory), undefined);
  assert.match(
    (await enclosureObstacle(undefined, directory))?.remedy ?? '',
    /install the package slirp4netns/,
  );
  const absent = { ...tools, slirp4netns: join(directory, 'absent') };
  const failed = await enclosureObstacle(absent, directory);
  assert.match(failed?.problem ?? '', /slirp4netns failed/);
  assert.match(failed?.remedy ?? '', /install the package/);
  const hangs = join(directory, 'hangs');
  writeFileSync(hangs, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  const began = performance.now();
  const late = await enclosureObstacle({ ...tools, slirp4netns: hangs }, directory);
  assert.match(late?.problem ?? '', /was not ready within 10000 ms/);
  assert.ok(performance.now() - began < 15_000);
});

const misuse: Record<string, string[]> = {
  'no program': ['--tap', 'a', '--slirp', '/s', '--slirp-api', '/a'],
  'a program and a check': ['--tap', 'a', '--slirp', '/s', '--slirp-api', '/a', '--check', '--', '/bin/true'],
  'a long tap': ['--tap', 'a'.repeat(16), '--slirp', '/s', '--slirp-api', '/a', '--check'],
  'our own tap': ['--tap', 'slirp0', '--slirp', '/s', '--slirp-api', '/a', '--check'],
  'a long socket': ['--tap', 'a', '--slirp', '/s', '--slirp-api', `/${'a'.repeat(108)}`, '--check'],
  'no network': ['--tap', 'a', '--slirp', '/s', '--slirp-api', '/a', '--deny', '10.0.0.0', '--check'],
  'a network of 33 bits': [
    '--tap',
    'a',
    '--slirp',
    '/s',
    '--slirp-api',
    '/a',
    '--deny',
    '10.0.0.0/33',
    '--check',
  ],
  'an unknown option': ['--bridge', 'br0'],
};
for (const [what, args] of Object.entries(misuse)) {
  test(`netns-exec refuses ${what}`, async () => {
    const { status, stderr } = await execute({ file: helper('netns-exec'), args, timeoutMs: 5_000 });
    assert.equal(status, 64, stderr);
    assert.match(stderr, /netns-exec: /);
  });
}

test('nothing is left running', () => assert.deepEqual(processesWith(directory), []));
