/** What real guests use, as the CLI, the socket and the bus tell it, and what becomes of those that nobody uses. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics } from '../http/openmetrics.ts';
import { processesIn } from '../support/guest-leftovers.ts';
import { Running, runProgram, until } from '../support/program.ts';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
const MiB = 2 ** 20;
const small = ['--vcpu', '1', '--memory', '512M'];

/** What `vm stats --json` tells of one VM. */
async function statsOf(name: string): Promise<Record<string, number | null>> {
  return (await home.read('vm', 'stats', name))[0];
}

async function figure(name: string, key: string): Promise<number> {
  const { [key]: value } = await statsOf(name);
  assert.equal(typeof value, 'number', `${key} of ${name} is ${value}`);
  return Number(value);
}

const socket = async () => (await home.banger('daemon', 'socket')).trim();

/** Starts curl on the daemon's socket. */
async function curl(target: string, ...options: string[]): Promise<Running> {
  const all = [
    '--silent',
    '--no-buffer',
    '--unix-socket',
    await socket(),
    ...options,
    `http://banger${target}`,
  ];
  return new Running('curl', all, { timeoutMs: 300_000 });
}

/** The QEMU of a VM. */
async function vmmOf(name: string): Promise<number> {
  const { id } = await home.show(name);
  const { systemDisk } = home.files(id);
  const [vmm] = processesIn(home.directories).filter(({ commandLine }) => commandLine.includes(systemDisk));
  return vmm?.pid ?? assert.fail(`${name} does not run`);
}

test('the socket is this user’s only, and its figures are OpenMetrics', async () => {
  await home.create('seen', ...small);
  const path = await socket();
  assert.equal(path, join(home.paths.runtime, 'bangerd.sock'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await home.banger('vm', 'stats');
  const { stdout } = await (await curl('/metrics')).ended;
  const of = (name: string) =>
    readMetrics(stdout.toString('utf8')).find((each) => each.name === `banger_vm_${name}`)?.value ?? 0;
  assert.equal(of('running'), 1);
  assert.ok(of('cpu_seconds_total') > 1);
  assert.ok(of('memory_resident_bytes') > 100 * MiB);
  assert.ok(of('guest_memory_total_bytes') > 400 * MiB && of('guest_memory_total_bytes') <= 512 * MiB);
  const missing = await (await curl('/vms/nobody/console', '--write-out', '%{http_code}')).ended;
  assert.match(missing.stdout.toString(), /^no VM "nobody";.*\n404$/);
});

test('the figures of a VM show the activity of its guest', async (t) => {
  // How much of a CPU is in use takes two looks.
  await until('its boot is over', async () => ((await statsOf('seen')).cpu ?? 1) < 0.1, 240_000);
  await home.script('seen', 'sh -c "while :; do :; done" </dev/null >/dev/null 2>&1 & echo $! >/run/loop');
  await until('a busy loop shows', async () => (await figure('seen', 'cpu')) > 0.25, 60_000);
  await home.script('seen', 'kill "$(cat /run/loop)"');
  await until('its end shows', async () => (await figure('seen', 'cpu')) < 0.1, 60_000);

  const before = await statsOf('seen');
  await home.script(
    'seen',
    `head -c ${40 * MiB} /dev/zero | tr "\\0" x >/root/file
     head -c ${20 * MiB} /dev/zero | tr "\\0" x >/file; sync`,
  );
  const written = await statsOf('seen');
  const grown = (key: string) => Number(written[key]) - Number(before[key]);
  assert.ok(grown('disk_used') >= 40 * MiB, `disk_used grew by ${grown('disk_used')}`);
  assert.ok(grown('system_used') >= 20 * MiB, `system_used grew by ${grown('system_used')}`);
  assert.ok(grown('disk_allocated') >= 60 * MiB, `disk_allocated grew by ${grown('disk_allocated')}`);
  assert.ok(Number(written.disk_total) > 7 * 1024 * MiB && Number(written.disk_total) < 8.1 * 1024 * MiB);

  await home.script('seen', `head -c ${4 * MiB} /dev/zero`);
  const sent = await statsOf('seen');
  assert.ok(Number(sent.net_sent) - Number(written.net_sent) >= 4 * MiB, 'nothing was sent');
  assert.ok(Number(sent.uptime_seconds) > Number(before.uptime_seconds));

  const session = home.start(['vm', 'exec', 'seen', '--', 'sh', '-c', 'echo in; read -r word']);
  t.after(() => session.child.stdin?.end('\n'));
  await session.says('in\n');
  assert.ok((await figure('seen', 'connections')) >= 1);
});

test('figures have the types of the contract on the bus', async () => {
  const { bus_address: address } = await home.daemon();
  const { id } = await home.show('seen');
  const method = ['org.banger.Manager1', `/org/banger/vms/${id}`, 'org.banger.VM1', 'Stats'];
  const { stdout, stderr } = await runProgram('busctl', [
    `--address=${address}`,
    '--json=short',
    'call',
    ...method,
  ]);
  assert.equal(stderr, '');
  const [stats] = JSON.parse(stdout.toString('utf8')).data;
  const types = Object.fromEntries(
    Object.entries<{ type: string }>(stats).map(([key, { type }]) => [key, type]),
  );
  const { cpu, connections, ...others } = types;
  assert.deepEqual([cpu, connections, new Set(Object.values(others))], ['d', 'u', new Set('t')]);
  assert.equal(Object.keys(types).length, 14);
});

test('vm stats answers while a guest is frozen, and shows the guest again after it continues', async (t) => {
  const pid = await vmmOf('seen');
  process.kill(pid, 'SIGSTOP');
  t.after(() => process.kill(pid, 'SIGCONT'));
  for (let round = 0; round < 4; round++) {
    const began = performance.now();
    const { memory_used, connections, memory_resident, cpu } = await statsOf('seen');
    assert.ok(performance.now() - began < 15_000);
    assert.deepEqual([memory_used, connections], [null, null]);
    assert.ok(Number(memory_resident) > 100 * MiB && cpu !== null);
  }
  process.kill(pid, 'SIGCONT');
  await until('it answers again', async () => (await statsOf('seen')).memory_used !== null, 60_000);
});

test('a console is followed until its VM stops', async () => {
  const followed = await curl('/vms/seen/console?follow=1');
  await home.script('seen', 'echo said on the console >/dev/console');
  await followed.says('said on the console');
  const soFar = await (await curl('/vms/seen/console')).ended;
  assert.ok(soFar.stdout.includes('said on the console'));
  await home.banger('vm', 'stop', 'seen');
  assert.equal((await followed.ended).status, 0);
});

test('events tell of a VM’s life, and a stopped VM has only disks', async () => {
  const { disk_allocated, uptime_seconds } = await statsOf('seen');
  assert.ok(Number(disk_allocated) > 60 * MiB && uptime_seconds === null);
  const events = await curl('/events');
  await events.says('event: vms\n');
  const { id } = await home.show('seen');
  await home.banger('vm', 'start', 'seen');
  await home.banger('vm', 'delete', '--force', '--yes', 'seen');
  await events.says('event: vm-removed\n');
  const told = events
    .stdout()
    .split('\n\n')
    .filter((event) => event.startsWith('event: '))
    .map((event) => {
      const [, name = '', data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(event) ?? [];
      const { state, kind, result } = JSON.parse(data);
      assert.ok(data.includes(id), event);
      return [name, state ?? kind, result].filter((word) => word !== undefined).join(' ');
    });
  assert.deepEqual(told, [
    'vms',
    'job-started start',
    'vm-state starting',
    'vm-state running',
    'job-ended start done',
    'job-started delete',
    'vm-state deleting',
    'vm-removed',
    'job-ended delete done',
  ]);
  // Ends with the daemon.
  await home.banger('daemon', 'stop');
  await events.ended;
  assert.equal(existsSync(join(home.paths.runtime, 'bangerd.sock')), false);
});

test('an idle VM is announced and stopped; a VM with an open session is not', async (t) => {
  // Where processors are emulated, to be asked is work for a guest: every second it would count as use.
  home.configure('auto_stop_stale_after = "16s"\nmetrics_poll_interval = "4s"\nstats_poll_interval = "1s"\n');
  t.after(() => home.configure());
  await Promise.all([home.create('idle', ...small), home.create('held', ...small)]);
  // Over a connection of its own: the one that sessions share stays for a minute after them.
  const session = home.start(['vm', 'exec', '--tty', 'held', '--', 'sh', '-c', 'echo in; read -r word']);
  await session.says('in\r\n');
  const opened = performance.now();
  const events = await curl('/events');
  const { bus_address: address } = await home.daemon();
  const watched = ['--address', address, '--dest', 'org.banger.Manager1'];
  const signals = new Running('gdbus', ['monitor', ...watched], { timeoutMs: 300_000 });
  t.after(() => signals.child.kill());

  const { id } = await home.show('idle');
  await until('it is stopped', async () => (await home.show('idle')).state === 'stopped', 240_000);
  await events.says('event: vm-stale');
  const { since, stop_at, ...others } = JSON.parse(
    /event: vm-stale\ndata: (.*)/.exec(events.stdout())?.[1] ?? '',
  );
  assert.deepEqual(others, { id, name: 'idle' });
  assert.ok(Date.parse(stop_at) - Date.parse(since) >= 17_600);
  await signals.says(`/org/banger/vms/${id}: org.banger.VM1.Stale (uint64 `);
  const shown = await home.show('idle');
  assert.deepEqual([shown.last_error, shown.state], ['', 'stopped']);
  assert.match(home.log(), /"msg":"stopping idle: it was not used for \d+ s \(auto_stop_stale_after\)"/);

  // Twice as long as it takes to stop one that nobody uses.
  await sleep(Math.max(0, opened + 36_000 - performance.now()));
  assert.equal((await home.show('held')).state, 'running');
  session.child.stdin?.end('well\n');
  assert.equal((await session.ended).status, 0);
  await until('it is stopped, too', async () => (await home.show('held')).state === 'stopped', 240_000);
  events.child.kill();
});

test('a socket that a killed daemon left does not keep the next one from listening', async () => {
  const { pid } = await home.daemon();
  process.kill(pid, 'SIGKILL');
  await until('the daemon is dead', () => !existsSync(`/proc/${pid}`));
  const path = join(home.paths.runtime, 'bangerd.sock');
  assert.equal(existsSync(path), true);
  await home.list();
  const { status, stdout } = await runProgram('curl', [
    '--silent',
    '--unix-socket',
    path,
    'http://banger/metrics',
  ]);
  assert.equal(status, 0);
  assert.equal(
    readMetrics(stdout.toString('utf8')).filter(({ name }) => name === 'banger_vm_running').length,
    2,
  );
});

test('nothing is left', async () => {
  await home.close();
});
