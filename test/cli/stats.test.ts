import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Fixture, startFixture } from './fixture.ts';

const MiB = 2 ** 20;

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
});
after(() => fixture[Symbol.asyncDispose]());

/** Makes VMs: `web` tells all of itself, `db` little, and `off` does not run. */
async function addVms(): Promise<void> {
  const web = fixture.daemon.machines.of(await fixture.daemon.addVm('web'));
  web.usage = {
    ...{ uptime_ms: 1, connections: 1, memory_total: 1000 * MiB, memory_available: 900 * MiB },
    ...{ work_used: 200 * MiB, work_size: 4096 * MiB, system_used: 300 * MiB, system_size: 8192 * MiB },
    ...{ net_received: 5 * MiB, net_sent: 2048 },
  };
  await fixture.daemon.addVm('db');
  await fixture.daemon.addVm('off', { start: false });
}

// Before there are VMs.
test('stats without a VM that runs says so', async () => {
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats']);
  assert.deepEqual([status, stdout, stderr], [0, '', 'banger: no VM runs; `banger vm start` boots one\n']);
  assert.equal((await fixture.run(['vm', 'stats', '--json'])).stdout, '[]\n');
});

test('stats has a row for each VM that runs', async () => {
  await addVms();
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats']);
  assert.deepEqual([status, stderr], [0, '']);
  const [header, ...rows] = stdout.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(header, ['NAME', 'CPU', 'MEMORY', 'DISK', 'NET', 'UPTIME']);
  assert.deepEqual(
    rows.map(([name, , memory, , net]) => [name, memory, net]),
    [
      ['db', '-/1G', '-/-'],
      ['web', '100M/1000M', '5M/2K'],
      ['', undefined, undefined],
    ],
  );
  const [db, web] = rows;
  assert.match(db?.[1] ?? '', /^\d+\.\d%$/);
  assert.match(db?.[3] ?? '', /^[\d.]+[KM]\/-\/-$/);
  assert.match(web?.[3] ?? '', /^[\d.]+[KM]\/500M\/12G$/);
  assert.match(web?.[5] ?? '', /^\d+s$/);
});

test('stats of named VMs prints those and reports names that do not exist', async () => {
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats', '--once', 'off', 'nope', 'off']);
  assert.equal(status, 1);
  assert.match(stderr, /^banger: no VM "nope"; `banger vm list` shows those there are\n$/);
  assert.match(stdout, /^NAME .*\noff +stopped +- +[\d.]+[KM] +- +-\n$/);
  assert.equal((await fixture.run(['vm', 'stats', 'nope'])).stdout, '');
});

test('stats --json has every field, null where it is not known', async () => {
  const { stdout } = await fixture.run(['vm', 'stats', '--json', 'web', 'db', 'off']);
  const [db, off, web] = JSON.parse(stdout);
  const { cpu, cpu_seconds, uptime_seconds, memory_resident, disk_allocated, ...told } = web;
  for (const figure of [cpu, cpu_seconds, uptime_seconds, memory_resident, disk_allocated]) {
    assert.equal(typeof figure, 'number');
  }
  assert.deepEqual(told, {
    name: 'web',
    id: await fixture.daemon.idOf('web'),
    state: 'running',
    memory_used: 100 * MiB,
    memory_total: 1000 * MiB,
    disk_used: 200 * MiB,
    disk_total: 4096 * MiB,
    system_used: 300 * MiB,
    system_total: 8192 * MiB,
    net_received: 5 * MiB,
    net_sent: 2048,
    connections: 1,
  });
  assert.deepEqual([db.name, typeof db.cpu, db.memory_used, db.connections], ['db', 'number', null, 0]);
  assert.deepEqual([off.state, off.cpu, typeof off.disk_allocated], ['stopped', null, 'number']);
  assert.deepEqual(Object.keys(off), Object.keys(web));
});

/** Runs the CLI on a terminal of script(1) and gives all it wrote. @param act is done once, when it has drawn so often */
async function onTerminal(args: string[], drawings: number, act: (pid: number) => void, columns = 80) {
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  // The shell becomes the program, so that its pid is known and its status is script's.
  const command = `stty rows 10 cols ${columns}; echo "pid $$ "; exec "${process.execPath}" "${main}" ${args.join(' ')}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...fixture.env, TERM: 'xterm', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  let said = '';
  let isTold = false;
  child.stdout.on('data', (chunk) => {
    said += chunk;
    if (isTold || said.split('db').length - 1 < drawings) return;
    isTold = true;
    act(Number(/pid (\d+) /.exec(said)?.[1]));
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, said };
}

const interrupt = (pid: number) => process.kill(pid, 'SIGINT');

/** What is left on the terminal once the alternate screen is gone. */
function left(said: string): string {
  const end = '\u001b[?1049l';
  return stripVTControlCharacters(said.slice(said.lastIndexOf(end) + end.length)).replaceAll('\r', '');
}

test('on a terminal stats redraws until Ctrl-C, which ends it with status 0', async () => {
  const { status, said } = await onTerminal(['vm', 'stats'], 2, interrupt);
  assert.equal(status, 0, said);
  assert.ok(said.includes('\u001b[?1049h') && said.includes('\u001b[?25h'), 'the screen was not given back');
  assert.match(left(said), /^NAME [^\n]*\ndb [^\n]*\nweb [^\n]*\n$/);
});

test('a live table fits a narrow window', async () => {
  const { said } = await onTerminal(['vm', 'stats'], 1, interrupt, 60);
  for (const line of left(said).split('\n')) assert.ok(line.length <= 60, line);
});

test('--once prints one sample also on a terminal', async () => {
  const { status, said } = await onTerminal(['vm', 'stats', '--once'], 100, interrupt);
  assert.equal(status, 0);
  assert.ok(!said.includes('\u001b[?1049h') && said.includes('db'));
});

const elsewhere = { XDG_RUNTIME_DIR: '/nonexistent/run' };

test('daemon socket prints where the daemon listens, wherever it would itself', async () => {
  const { stdout } = await fixture.run(['daemon', 'socket'], { env: elsewhere });
  assert.equal(stdout, `${fixture.directory}/banger/bangerd.sock\n`);
});

// The last with a daemon.
test('what goes wrong ends a live table with its reason, and the screen is given back', async () => {
  const { status, said } = await onTerminal(['vm', 'stats'], 1, () => void fixture.daemon.crash());
  assert.equal(status, 1);
  assert.match(
    left(said),
    /^NAME [\s\S]*\nbanger: .*; try again, and see `banger daemon logs` if that fails too\n$/,
  );
});

test('without a daemon daemon socket prints where the next will listen, and starts none', async () => {
  const { status, stdout } = await fixture.run(['daemon', 'socket'], { env: elsewhere });
  assert.deepEqual([status, stdout], [0, '/nonexistent/run/banger/bangerd.sock\n']);
  assert.equal((await fixture.run(['daemon', 'status'])).status, 1);
});
