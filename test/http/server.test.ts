import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { listen } from '../../src/http/listen.ts';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm, someRun } from '../support/vm.ts';
import { startServer } from './fixture.ts';
import { readMetrics } from './openmetrics.ts';

test('a path that does not exist gets one line and the right status', async (t) => {
  const { ask, vms, server } = await startServer(t);
  vms.add(makeVm());
  const cases: [string, string, number, RegExp][] = [
    ['GET', '/', 404, /^there are \/events, \/metrics and \/vms\/REF\/console\n$/],
    ['POST', '/nothing', 404, /^there are/],
    ['GET', '/vms/web', 404, /^there are/],
    ['GET', '/vms/web/console/', 404, /^there are/],
    ['GET', '/vms//console', 404, /^there are/],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd', 404, /^there are/],
    ['GET', '/vms/..%2f..%2fetc%2fpasswd/console', 404, /^no VM "\.\.\/\.\.\/etc\/passwd"; .*\n$/],
    ['GET', '/vms/nope/console', 404, /^no VM "nope"; `banger vm list` shows those there are\n$/],
    ['GET', '/vms/%ff/console', 400, /^the name of the VM is not encoded/],
    ['GET', '/vms/web/console?follow=yes', 400, /^follow is 1 or 0\n$/],
    ['POST', '/metrics', 405, /^here is only GET\n$/],
    ['DELETE', '/vms/web/console', 405, /^here is only GET\n$/],
    ['PUT', '/events', 405, /^here is only GET\n$/],
  ];
  for (const [method, target, status, text] of cases) {
    const answer = await ask(target, method, method === 'POST' ? 'body'.repeat(1000) : undefined);
    assert.equal(answer.status, status, `${method} ${target}: ${answer.body}`);
    assert.match(answer.body, text, `${method} ${target}`);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers.allow, status === 405 ? 'GET' : undefined);
  }
  await until('no request is open', () => !server.isInUse);
});

test('what is no HTTP, or too much of it, is refused and does no harm', async (t) => {
  const { talk, ask, logged } = await startServer(t);
  const cases: [string, string | Buffer, RegExp][] = [
    [
      'garbage',
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31 + 7) & 0xff)),
      /^HTTP\/1\.1 400 /,
    ],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00', /^HTTP\/1\.1 400 /],
    ['a head that is too long', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a path that is too long', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['no host', 'GET /metrics HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'a target that is none',
      'GET http://[ HTTP/1.1\r\nHost: banger\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: banger\r\n\r\n', /^$/],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: banger\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'an upgrade',
      'GET /x HTTP/1.1\r\nHost: banger\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
      /^HTTP\/1\.1 404 /,
    ],
  ];
  for (const [what, bytes, expected] of cases) assert.match(await talk(bytes), expected, what);
  assert.equal((await ask('/metrics')).status, 200);
  assert.deepEqual(logged, []);
});

test('a request that does not come to its end is dropped', async (t) => {
  const { talk } = await startServer(t);
  const [head, body] = await Promise.all([
    talk('GET /metrics HTTP/1.1\r\nHost: banger\r\n'),
    talk('POST /metrics HTTP/1.1\r\nHost: banger\r\nContent-Length: 10\r\n\r\nabc'),
  ]);
  assert.match(head, /^HTTP\/1\.1 408 /);
  assert.match(body, /^HTTP\/1\.1 405 /);
});

test('metrics are OpenMetrics, with the last figures of those that run', async (t) => {
  const host = { atMs: 1, startTime: 1, cpuTimeUs: 2_500_000, uptimeUs: 9_000_000, residentBytes: 4096 };
  const guest = {
    uptimeMs: 9_000,
    cpu: { busyMs: 3_000, totalMs: 18_000 },
    memory: { total: 512, available: 500 },
    connections: 2,
  };
  const { ask, vms } = await startServer(t, {
    latest: (id) => (id === 'a1' || id === 'b2' ? { host, diskAllocated: 77 } : undefined),
    latestOfGuest: (id) => (id === 'a1' ? guest : undefined),
  });
  vms.add(makeVm({ id: 'a1', name: 'web', run: someRun }));
  vms.add(makeVm({ id: 'b2', name: 'silent', run: someRun }));
  vms.add(makeVm({ id: 'c3', name: 'off' }));
  vms.add(makeVm({ id: 'd4', name: 'new', run: someRun }));
  const { headers, body } = await ask('/metrics');
  assert.equal(headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  const samples = readMetrics(body);
  const of = (name: string) =>
    Object.fromEntries(
      samples
        .filter((each) => each.name === `banger_vm_${name}`)
        .map(({ labels, value }) => [labels.name, value]),
    );
  assert.deepEqual(of('running'), { web: 1, silent: 1, off: 0, new: 1 });
  assert.deepEqual(of('cpu_seconds_total'), { web: 2.5, silent: 2.5 });
  assert.deepEqual(of('uptime_seconds'), { web: 9, silent: 9 });
  assert.deepEqual(of('disk_allocated_bytes'), { web: 77, silent: 77 });
  assert.deepEqual(of('guest_cpu_seconds_total'), { web: 3 });
  assert.deepEqual(of('guest_memory_available_bytes'), { web: 500 });
  assert.deepEqual(of('guest_connections'), { web: 2 });
  assert.deepEqual(of('guest_disk_used_bytes'), {});
  assert.ok(samples.every(({ labels }) => Object.keys(labels).join() === 'name,id'));
});

test('a console is sent as it is, and goes on as it grows', async (t) => {
  const { ask, stream, vms, server } = await startServer(t);
  const vm = makeVm({ run: someRun });
  vms.add(vm);
  const { console: file, directory } = vms.getVmFiles(vm.id);
  assert.equal((await ask('/vms/web/console')).body, '');
  const early = await stream('/vms/web/console?follow=1');
  mkdirSync(directory, { recursive: true });
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) & 0xff));
  writeFileSync(file, bytes);
  await until('it was followed from nothing', () => early.text.length === bytes.length);
  early.close();

  const { headers, body } = await ask('/vms/a12/console?follow=0');
  assert.equal(headers['content-type'], 'application/octet-stream');
  assert.equal(Buffer.from(body).length, Buffer.from(bytes.toString('utf8')).length);
  const followed = await stream('/vms/web/console?follow=1');
  await until('the beginning', () => followed.text === bytes.toString('latin1'));
  writeFileSync(file, 'more\n', { flag: 'a' });
  await until('what was added', () => followed.text.endsWith('more\n'));
  // A start empties it.
  truncateSync(file, 0);
  writeFileSync(file, 'anew\n', { flag: 'a' });
  await until('the new beginning', () => followed.text.endsWith('more\nanew\n'));
  assert.equal(server.isInUse, true);
  writeFileSync(file, 'last\n', { flag: 'a' });
  vms.record(vm.id, { run: undefined });
  await until('it ends with the VM', () => followed.hasEnded);
  assert.ok(followed.text.endsWith('anew\nlast\n'));
  await until('no stream is open', () => !server.isInUse);
});

test('following the console of a VM that does not run ends at once, and so does that of one that is deleted', async (t) => {
  const { ask, stream, vms } = await startServer(t);
  const vm = makeVm();
  vms.add(vm);
  assert.equal((await ask('/vms/web/console?follow=1')).body, '');
  vms.record(vm.id, { operation: 'start' });
  const followed = await stream('/vms/web/console?follow=1');
  vms.remove(vm.id);
  await until('it ends', () => followed.hasEnded);
});

test('events report changes of VMs and jobs', async (t) => {
  const { stream, vms, jobs, stale, server } = await startServer(t);
  const first = makeVm({ id: 'a1', name: 'web' });
  vms.add(first);
  const read = await stream('/events');
  await until('the VMs are told', () => read.text.includes('\n\n'));
  const end = Promise.withResolvers<void>();
  vms.add(makeVm({ id: 'b2', name: 'db', operation: 'create' }));
  jobs.start({ kind: 'start', object: { kind: 'vm', id: 'a1' }, cancelable: true }, async () => {
    await end.promise;
    throw new Error('broken\nline');
  });
  vms.record('a1', { operation: 'start', lastError: undefined });
  vms.record('a1', { run: { network: 'user' } });
  vms.record('a1', { operation: undefined, run: someRun });
  end.resolve();
  await until('the job ended', () => read.text.includes('job-ended'));
  stale.emit('stale', 'a1', 1_800_000_000_000_000, 1_800_000_060_000_000);
  stale.emit('used', 'a1');
  vms.remove('b2');
  await until('the removal', () => read.text.includes('vm-removed'));
  const events = read.text.split('\n\n').slice(0, -1);
  const parsed = events.map((event) => {
    const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(event) ?? assert.fail(event);
    return [name, JSON.parse(data)];
  });
  const message = "internal error in job 1: broken / line; read the details in the daemon's log";
  assert.deepEqual(parsed, [
    ['vms', [{ id: 'a1', name: 'web', state: 'stopped' }]],
    ['vm-added', { id: 'b2', name: 'db', state: 'creating' }],
    ['job-started', { job: 1, kind: 'start', vm: 'a1' }],
    ['vm-state', { id: 'a1', name: 'web', state: 'starting', previous: 'stopped' }],
    ['vm-state', { id: 'a1', name: 'web', state: 'running', previous: 'starting' }],
    ['job-ended', { job: 1, kind: 'start', vm: 'a1', result: 'failed', error: 'Internal', message }],
    [
      'vm-stale',
      { id: 'a1', name: 'web', since: '2027-01-15T08:00:00.000Z', stop_at: '2027-01-15T08:01:00.000Z' },
    ],
    ['vm-used', { id: 'a1', name: 'web' }],
    ['vm-removed', { id: 'b2', name: 'db' }],
  ]);
  assert.equal(server.isInUse, true);
  read.close();
  await until('the stream is closed', () => !server.isInUse);
});

test('a reader that does not read is dropped at a bound, and others go on', async (t) => {
  const { path, stream, vms, server } = await startServer(t);
  const good = await stream('/events');
  const slow = connect(path);
  slow.on('error', () => undefined);
  slow.write('GET /events HTTP/1.1\r\nHost: banger\r\n\r\n');
  await once(slow, 'readable');
  slow.pause();
  const isOpen = () => (server as unknown as { isInUse: boolean }).isInUse;
  const name = 'x'.repeat(60);
  let sent = 0;
  const closed = once(slow, 'close');
  let hasClosed = false;
  void closed.then(() => {
    hasClosed = true;
  });
  for (; !hasClosed && sent < 60_000; sent++) {
    vms.emit('added', makeVm({ id: `v${sent}`, name }));
    if (sent % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // What the kernel holds is read only after the end came.
    if (sent > 20_000) slow.resume();
  }
  assert.ok(hasClosed && sent > 2_000, `${sent} events`);
  await until('the good reader has all', () => good.text.includes(`"v${sent - 1}"`));
  assert.ok(isOpen());
});

test('a socket that a killed daemon left is replaced, at its place for this user only, and taken away', async (t) => {
  const path = join(temporaryDirectory(t), 'bangerd.sock');
  writeFileSync(path, 'left');
  writeFileSync(`${path}.new`, 'left');
  const server = createServer((_, response) => response.end('here'));
  const listening = await listen(server, { path });
  assert.equal(statSync(path).isFile(), true, 'not before it is published');
  listening.publish();
  assert.equal(statSync(path).isSocket(), true);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const answer = await fetchOver(path);
  assert.equal(answer, 'here');
  listening.withdraw();
  server.close();
  assert.deepEqual([existsSync(path), existsSync(`${path}.new`)], [false, false]);
});

test('a descriptor that was opened by somebody else is served, too', async (t) => {
  const path = join(temporaryDirectory(t), 's');
  const holder = createServer();
  holder.listen(`${path}.holder`);
  await once(holder, 'listening');
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
  const program = `
    const { createServer } = await import('node:http');
    const { listen } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/http/listen.ts'))});
    const server = createServer((_, response) => {
      response.end('by descriptor');
      listening.withdraw();
      server.close();
    });
    const listening = await listen(server, { fd: 3 });
    listening.publish();`;
  const stdio = ['ignore', 'inherit', 'inherit', fd] as const;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: [...stdio] });
  t.after(() => child.kill('SIGKILL'));
  // From now on only the child accepts. Closing removes the name that it listened at.
  renameSync(`${path}.holder`, path);
  holder.close();
  assert.equal(await fetchOver(path), 'by descriptor');
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
});

async function fetchOver(path: string): Promise<string> {
  const socket = connect(path);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  const chunks = await socket.toArray();
  return Buffer.concat(chunks).toString('utf8').split('\r\n\r\n')[1] ?? '';
}
