import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { BangerError } from '../../src/common/errors.ts';
import { type Fixture, startFixture } from './old-fixture.ts';

const MiB = 2 ** 20;
const stats = {
  cpu: 0.125,
  cpu_time: 90_000_000,
  uptime: 7_205_000_000,
  memory_resident: 300 * MiB,
  memory_used: 100 * MiB,
  memory_total: 1000 * MiB,
  disk_allocated: 700 * MiB,
  disk_used: 200 * MiB,
  disk_total: 4096 * MiB,
  system_used: 300 * MiB,
  system_total: 8192 * MiB,
  net_received: 5 * MiB,
  net_sent: 2048,
  connections: 1,
};
const { cpu, cpu_time, uptime, memory_resident, disk_allocated } = stats;
const silent = { cpu, cpu_time, uptime, memory_resident, disk_allocated };

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

function addVms(): void {
  fixture.daemon.addVm('web', { stats });
  fixture.daemon.addVm('hung', { stats: silent });
  fixture.daemon.addVm('off', { state: 'stopped', stats: { disk_allocated: 4 * MiB } });
}

test('stats has a row for each VM that runs', async () => {
  addVms();
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['NAME', 'CPU', 'MEMORY', 'DISK', 'NET', 'UPTIME'],
      ['hung', '12.5%', '-/1G', '700M/-/-', '-/-', '2h'],
      ['web', '12.5%', '100M/1000M', '700M/500M/12G', '5M/2K', '2h'],
      [''],
    ],
  );
});

test('stats of named VMs prints those and reports names that do not exist', async () => {
  addVms();
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats', '--once', 'off', 'nope', 'off']);
  assert.equal(status, 1);
  assert.match(stderr, /^banger: there is no VM nope; `banger vm list` shows them\n$/);
  assert.match(stdout, /^NAME .*\noff +stopped +- +4M +- +-\n$/);
  assert.equal((await fixture.run(['vm', 'stats', 'nope'])).stdout, '');
});

test('stats --json has every field, null where it is not known', async () => {
  addVms();
  const { stdout } = await fixture.run(['vm', 'stats', '--json', 'web', 'hung', 'off']);
  const [hung, off, web] = JSON.parse(stdout);
  assert.deepEqual(web, {
    name: 'web',
    id: 'idweb',
    state: 'running',
    cpu: 0.125,
    cpu_seconds: 90,
    uptime_seconds: 7205,
    memory_resident: 300 * MiB,
    memory_used: 100 * MiB,
    memory_total: 1000 * MiB,
    disk_allocated: 700 * MiB,
    disk_used: 200 * MiB,
    disk_total: 4096 * MiB,
    system_used: 300 * MiB,
    system_total: 8192 * MiB,
    net_received: 5 * MiB,
    net_sent: 2048,
    connections: 1,
  });
  assert.deepEqual([hung.name, hung.cpu, hung.memory_used, hung.connections], ['hung', 0.125, null, null]);
  assert.deepEqual([off.state, off.cpu, off.disk_allocated], ['stopped', null, 4 * MiB]);
  assert.deepEqual(Object.keys(off), Object.keys(web));
});

test('stats without a VM that runs says so', async () => {
  const { status, stdout, stderr } = await fixture.run(['vm', 'stats']);
  assert.deepEqual([status, stdout, stderr], [0, '', 'banger: no VM runs; `banger vm start` boots one\n']);
  assert.equal((await fixture.run(['vm', 'stats', '--json'])).stdout, '[]\n');
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
    if (isTold || said.split('hung').length - 1 < drawings) return;
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
  addVms();
  const { status, said } = await onTerminal(['vm', 'stats'], 2, interrupt);
  assert.equal(status, 0, said);
  assert.ok(said.includes('\u001b[?1049h') && said.includes('\u001b[?25h'), 'the screen was not given back');
  assert.match(left(said), /^NAME [^\n]*\nhung [^\n]*\nweb [^\n]*\n$/);
});

test('a live table fits a narrow window', async () => {
  addVms();
  const { said } = await onTerminal(['vm', 'stats'], 1, interrupt, 60);
  for (const line of left(said).split('\n')) assert.ok(line.length <= 60, line);
});

test('--once prints one sample also on a terminal', async () => {
  addVms();
  const { status, said } = await onTerminal(['vm', 'stats', '--once'], 100, interrupt);
  assert.equal(status, 0);
  assert.ok(!said.includes('\u001b[?1049h') && said.includes('hung'));
});

test('what goes wrong ends a live table with its reason, and the screen is given back', async () => {
  addVms();
  const burn = () => {
    throw new BangerError('HostNotReady', 'the disk is on fire', { remedy: 'put it out' });
  };
  const vm = fixture.daemon.vms.get('web') ?? {};
  const { status, said } = await onTerminal(['vm', 'stats'], 1, () => {
    Object.defineProperty(vm, 'stats', { get: burn });
  });
  assert.equal(status, 1);
  assert.match(left(said), /^NAME [\s\S]*\nbanger: the disk is on fire; put it out\n$/);
});

test('daemon socket prints the daemon’s, or without one where the next will listen, and starts none', async () => {
  assert.equal((await fixture.run(['daemon', 'socket'])).stdout, '/run/banger/bangerd.sock\n');
  fixture.daemon.die();
  const { status, stdout } = await fixture.run(['daemon', 'socket']);
  assert.deepEqual([status, stdout], [0, `${fixture.directory}/banger/bangerd.sock\n`]);
  assert.equal((await fixture.run(['daemon', 'status'])).status, 1);
});
