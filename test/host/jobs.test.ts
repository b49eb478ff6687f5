import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { until } from '../support/program.ts';
import { signalProgram } from './support/commands.ts';
import { openHost, type TestHost } from './support/host.ts';

const job = [process.execPath, join(import.meta.dirname, 'support/job.ts')];
let host: TestHost;

before(async () => {
  const shared = [
    join(checkout, 'src'),
    join(checkout, 'test'),
    realpathSync(join(checkout, 'node_modules')),
  ];
  host = await openHost({ shared: shared.map((path) => ({ source: path, target: path })) });
  await host.login('alice');
});
after(() => host.close());

/** The states of the units of jobs, of which an ended one is not kept. */
async function jobs(): Promise<string[]> {
  return (await host.units('banger-job-*', 'alice')).map(({ unit, active }) => `${unit} ${active}`);
}

test("a job's program has its streams, its arguments, its environment, its limits and its status", async () => {
  const words = ['$HOME', `$\{HOME}`, '$$', '%h', 'a b', '"', "'", '\\', ''];
  const script = 'cat; printf "%s\\n" "$EXTRA" "$@"; echo said >&2; exit 7';
  const { status, stdout, stderr } = await host.asUser('alice', [
    ...[...job, 'run', 'banger-job-1-a', 'sh', '-c', script, 'sh', ...words],
  ]);
  assert.deepEqual([status, stdout.toString().split('\n')], [7, ['in', 'a $b %h', ...words, '']], stderr);
  assert.equal(stderr, 'said\n');
  const limits = ['show', 'banger-job-1-b', '--property=MemoryMax,TasksMax,Slice,RuntimeMaxUSec'];
  const shown = await host.asUser('alice', [
    ...job,
    'run',
    'banger-job-1-b',
    'systemctl',
    '--user',
    ...limits,
  ]);
  assert.equal(
    shown.stdout.toString(),
    'RuntimeMaxUSec=5min\nSlice=banger.slice\nMemoryMax=4294967296\nTasksMax=512\n',
    shown.stderr,
  );
  assert.deepEqual(await jobs(), []);
});

test('a service without new privileges has a job with set-uid helpers, and cannot use them itself', async () => {
  const service = ['systemd-run', '--user', '--quiet', '--pipe', '--wait', '--property=NoNewPrivileges=yes'];
  const helped = ['unshare', '--map-auto', '--map-root-user', 'cat', '/proc/self/uid_map'];
  assert.notEqual((await host.asUser('alice', [...service, ...helped])).status, 0);
  const { stdout, stderr } = await host.asUser('alice', [
    ...service,
    ...job,
    'run',
    'banger-job-2-a',
    ...helped,
  ]);
  assert.match(stdout.toString(), /^ +0 +1000 +1\n +1 +100000 +65535\n$/, stderr);
});

test('a job stops with its service, however the service stops', async () => {
  for (const signal of ['KILL', 'TERM']) {
    const sleep = [
      ...job,
      'run',
      `banger-job-3-${signal.toLowerCase()}`,
      'sh',
      '-c',
      'trap "" TERM; sleep 600 & wait',
    ];
    await host.userSays('alice', 'systemd-run', '--user', '--quiet', '--collect', '--unit=daemon', ...sleep);
    await until('the job runs', async () => (await jobs()).some((unit) => unit.endsWith(' active')));
    await host.userSays(
      'alice',
      'systemctl',
      '--user',
      'kill',
      '--kill-whom=main',
      `--signal=${signal}`,
      'daemon',
    );
    await until('the job has ended', async () => (await jobs()).length === 0);
  }
  const left = (await host.processes('alice')).filter(({ args }) => args.includes('sleep 600'));
  assert.deepEqual(left, []);
});

test('the next daemon kills the programs of a daemon that did not run as a service', async () => {
  const running = host.startAsUser('alice', [
    ...job,
    'run',
    'banger-job-4-a',
    'sh',
    '-c',
    'setsid sleep 601 & wait',
  ]);
  await until('the job runs', async () => (await jobs()).some((unit) => unit.endsWith(' active')));
  signalProgram(running, 'SIGKILL');
  await running.ended;
  assert.equal((await jobs()).length, 1);
  for (let times = 0; times < 2; times++) await host.userSays('alice', ...job, 'end', 'banger-job-4-a');
  assert.deepEqual(await jobs(), []);
  const left = (await host.processes('alice')).filter(({ args }) => args.includes('sleep 601'));
  assert.deepEqual(left, []);
});
