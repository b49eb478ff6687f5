import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { ProcessSupervisor } from '../../src/supervise/process.ts';
import { until } from '../support/program.ts';

const root = join(import.meta.dirname, '..', '..');
const vmmOutput = join(root, 'build/host/vmm-output');
const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
const console = join(directory, 'console');
const log = join(directory, 'log');
after(() => rmSync(directory, { recursive: true }));
before(() => run({ file: 'make', args: ['-s', 'build/host/vmm-output'], cwd: root, timeoutMs: 120_000 }));

/** Runs a script as a VMM, whose standard output is a console or, with -, none, and gives how it ended. */
async function vmm(script: string, output = console): Promise<string> {
  writeFileSync(log, '');
  const supervisor = new ProcessSupervisor();
  const program = { file: vmmOutput, args: [output, '/bin/sh', '-c', script] };
  const supervised = await supervisor.start('output-test', program, log);
  const { how } = await supervisor.ended(supervised, AbortSignal.timeout(20_000));
  // Also what stays beside it, which may have more to write.
  await until('all of it has ended', async () => !(await supervisor.find('output-test')), 10_000);
  return how;
}

test('the console is appended, and what the program says goes to its log also by another way', async () => {
  writeFileSync(console, 'before\n');
  // Firecracker opens its log anew, to read and write, and not at the end.
  const how = await vmm('echo guest; exec 9<>/proc/self/fd/2; echo one >&2; echo two >&9; kill -9 $$');
  assert.equal(how, 'was killed by SIGKILL');
  assert.equal(readFileSync(console, 'utf8'), 'before\nguest\n');
  assert.equal(readFileSync(log, 'utf8'), 'one\ntwo\n');
});

test('what a program says that ends at once is kept, though all beside it is told to end', async () => {
  // On one CPU the copier is not run before the program has ended, which has a priority that is not inherited.
  const first = ['chrt', '--reset-on-fork', '-f', '1', 'taskset', '--cpu-list', '0'];
  const program = `trap '' TERM; echo out of luck >&2; kill -TERM 0; exit 3`;
  const log = openSync(join(directory, 'at-once'), 'w+');
  const [file = '', ...args] = ['setsid', '--wait', ...first, vmmOutput, '-', '/bin/sh', '-c', program];
  const { status } = spawnSync(file, args, { stdio: ['ignore', 'ignore', log], timeout: 20_000 });
  assert.equal(status, 3);
  await until('it is in the log', () => readFileSync(join(directory, 'at-once'), 'utf8') === 'out of luck\n');
  closeSync(log);
});

test('a console that was cut goes on at its beginning, and a log without end is bounded', async () => {
  writeFileSync(console, '');
  await vmm(
    `echo long; : >${console}; echo short; head -c 5000000 /dev/zero | tr '\\0' x >&2; echo last >&2`,
  );
  assert.equal(readFileSync(console, 'utf8'), 'short\n');
  assert.match(readFileSync(log, 'utf8'), /x\nlast\n$|xlast\n$/);
  assert.ok(statSync(log).size <= 1024 * 1024 + 8192);
});

test('what stays beside the program does not have its command line', async () => {
  writeFileSync(console, '');
  const beside = '$(cat /proc/$$/task/$$/children)';
  await vmm(`sleep 0.3; for each in ${beside}; do tr '\\0' ' ' <"/proc/$each/cmdline"; done 2>/dev/null`);
  assert.equal(readFileSync(console, 'utf8').trim(), `${vmmOutput} ${console}`);
});

test('without a console both outputs are what the program says, and bounded', async () => {
  assert.equal(await vmm('echo one; echo two >&2; exit 3', '-'), 'exited with status 3');
  assert.equal(readFileSync(log, 'utf8'), 'one\ntwo\n');
  await vmm(
    "head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' x >&2; echo last",
    '-',
  );
  assert.match(readFileSync(log, 'utf8'), /xlast\n$/);
  assert.ok(statSync(log).size <= 1024 * 1024 + 8192);
  assert.equal(existsSync('-'), false);
});

test('a program that cannot be executed and a console that is a link are reported', async () => {
  rmSync(console);
  symlinkSync(log, console);
  assert.equal(await vmm('true'), 'exited with status 1');
  assert.match(readFileSync(log, 'utf8'), /^vmm-output: .*console: Too many levels of symbolic links\n$/);
  rmSync(console);
});
