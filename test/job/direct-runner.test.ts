import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { allPids, isLive, readStat, readVariable } from '../../src/common/proc.ts';
import { DirectRunner } from '../../src/job/direct-runner.ts';
import { jobUnit } from '../../src/job/runner.ts';
import { until } from '../support/program.ts';

const runner = new DirectRunner();
const marked = (name: string) =>
  allPids().filter((pid) => readVariable(pid, 'BANGER_JOB') === name && isLive(readStat(pid)));

test("a job's program has its streams, its arguments, its environment and its status", async () => {
  const words = ['$HOME', '%h', 'a b', '"', "'", '\\'];
  const script = 'cat; printf "%s\\n" "$EXTRA" "$@"; exit 7';
  const command = { file: 'sh', args: ['-c', script, 'sh', ...words], timeoutMs: 10_000 };
  const env = { ...process.env, EXTRA: 'a $b' };
  const { status, stdout } = await execute({
    ...runner.command(jobUnit(3, 'abc'), { ...command, env }),
    input: 'in\n',
  });
  assert.deepEqual([status, stdout.split('\n')], [7, ['in', 'a $b', ...words, '']]);
});

test('what a killed daemon had running is ended, with what it started in sessions of its own', async () => {
  const name = jobUnit(1, `test${process.pid}`);
  const { file, args, env } = runner.command(name, {
    file: 'sh',
    args: ['-c', "trap '' TERM; setsid sleep 600 & sleep 600 & wait"],
    timeoutMs: 600_000,
    graceMs: 600_000,
  });
  const child = spawn(file, args, { env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  await until('all three run', () => marked(name).length >= 4);
  await runner.end(name);
  assert.deepEqual(marked(name), []);
  await gone;
  await runner.end(name);
});
