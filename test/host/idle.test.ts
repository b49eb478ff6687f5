import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/program.ts';
import type { Calls } from './programs/caller.ts';
import { node } from './support/checkout.ts';
import type { TestHost } from './support/host.ts';
import { call, callCommand, openServiceHost, override, property, stop, write } from './support/service.ts';

const unit = 'bangerd.service';
const caller = join(import.meta.dirname, 'programs/caller.ts');
const idleMs = 30;
const callsOfEach = 40;
let host: TestHost;
before(async () => {
  host = await openServiceHost();
});
after(() => host.close());

/** What systemd and the daemon have said so far, whose message matches. */
async function said(pattern: RegExp): Promise<number> {
  const entries = await host.journal({ user: 'alice' });
  return entries.filter(({ MESSAGE = '' }) => pattern.test(MESSAGE)).length;
}

test('a daemon that exits whenever it is idle loses no call of several clients', async (t) => {
  await override(host, 'alice', `Environment=BANGER_IDLE_MS=${idleMs}`);
  // Then it says what it is told by the units.
  await host.userSays('alice', 'systemctl', '--user', 'log-level', 'debug');
  const kinds = ['busctl', 'busctl', 'node', 'node', 'curl'];
  const options = { timeoutMs: 240_000 };
  const ended = await Promise.all(
    kinds.map((kind) =>
      host.asUser('alice', [node, caller, kind, `${callsOfEach}`, `${idleMs * 3}`], options),
    ),
  );
  await until('it has ended', async () => (await property(host, 'alice', 'ActiveState')) === 'inactive');
  await host.userSays('alice', 'systemctl', '--user', 'log-level', 'info');
  const all = ended.map(({ stdout, stderr }): Calls => JSON.parse(stdout.toString() || `"${stderr}"`));
  for (const [index, calls] of all.entries()) t.diagnostic(`${kinds[index]}: ${JSON.stringify(calls)}`);
  const starts = await said(/^Started bangerd\.service/);
  const stoppings = await said(/bangerd\.service: Got notification message.*STOPPING=1/);
  t.diagnostic(
    `${starts} starts, ${stoppings} times STOPPING=1, ${await said(/^ending: idle$/)} ends for idleness`,
  );
  assert.deepEqual(
    all.flatMap(({ failures }) => failures),
    [],
  );
  assert.ok(all.every(({ sent, answered }) => sent === callsOfEach && answered === sent));
  assert.ok(starts > 10, 'the calls came too fast to show anything');
  assert.equal(stoppings, starts);
  assert.equal(await property(host, 'alice', 'NRestarts'), '0');
});

test('a stop of the daemon cancels and undoes its job, and the next call finds a daemon', async () => {
  await override(host, 'alice');
  // It hangs as a mirror does that does not answer.
  write(host, '/usr/local/bin/apt-get', '#!/bin/sh\nexec sleep 300\n');
  await host.rootSays('chmod', '755', '/usr/local/bin/apt-get');
  const monitor = host.startAsUser('alice', [
    ...['busctl', '--user', 'monitor', '--json=short', '--match'],
    "type='signal',member='JobRemoved'",
  ]);
  await monitor.says('Monitoring');
  await call(host, 'alice', 'PullKernel', 'sa{sv}', 'debian-bookworm', '0');
  await until('it works', async () =>
    (await host.processes('alice')).some(({ args }) => args.includes('sleep 300')),
  );
  assert.match(await property(host, 'alice', 'StatusText'), /^1 job$/);
  const begin = performance.now();
  await stop(host, 'alice');
  assert.ok(performance.now() - begin < 20_000);
  await monitor.says('"cancelled"');
  monitor.child.kill();
  await monitor.ended;
  await host.rootSays('rm', '/usr/local/bin/apt-get');
  assert.deepEqual(
    (await host.processes('alice')).filter(({ args }) => /sleep 300|daemon\.cjs/.test(args)),
    [],
  );
  assert.equal(await property(host, 'alice', 'Result'), 'success');
  assert.equal((await host.asUser('alice', callCommand('ListVMs'))).status, 0);
});

test('messages of the daemon are in the journal, with fields', async () => {
  await override(host, 'alice');
  write(host, '/usr/local/bin/apt-get', '#!/bin/sh\necho no mirror answers >&2\nexit 100\n');
  await host.rootSays('chmod', '755', '/usr/local/bin/apt-get');
  await call(host, 'alice', 'PullKernel', 'sa{sv}', 'debian-bookworm', '0');
  const failures = () =>
    host.journal({ user: 'alice', fields: { _SYSTEMD_USER_UNIT: unit, BANGER_JOB_ID: '1', PRIORITY: '3' } });
  await until('it has failed', async () => (await failures()).length > 0, 120_000);
  const [failure] = await failures();
  assert.match(failure?.MESSAGE ?? '', /^pull-kernel failed: /);
  assert.match(failure?.BANGER_JOB_ID ?? '', /^\d+$/);
  assert.match(failure?.BANGER_ERROR_STACK ?? '', /\n +at /);
  assert.ok(failure?.BANGER_ERROR);
  const shown = await host.userSays('alice', 'banger', 'daemon', 'logs');
  assert.match(shown, / ERROR pull-kernel failed: /);
  assert.match(shown, /INFO {2}pull-kernel begins {2}job=\d+/);
  const [last] = (await host.userSays('alice', 'banger', 'daemon', 'logs', '--json', '-n', '1')).split('\n');
  assert.equal(typeof JSON.parse(last ?? '').msg, 'string');
  const status = JSON.parse(await host.userSays('alice', 'banger', 'daemon', 'status', '--json'));
  assert.deepEqual([status.log, status.log_file], ['journalctl --user -u bangerd', undefined]);
});
