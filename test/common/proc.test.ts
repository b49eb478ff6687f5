import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStat, readVariable } from '../../src/common/proc.ts';

test('the usage of a process is reported', () => {
  const before = readStat(process.pid);
  const until = Date.now() + 150;
  while (Date.now() < until);
  const after = readStat(process.pid);
  assert.ok((after?.cpuTime ?? 0) > (before?.cpuTime ?? 0));
  const ticks = (process.cpuUsage().user + process.cpuUsage().system) / 10_000;
  assert.ok(Math.abs(ticks - (after?.cpuTime ?? 0)) < 10, `${ticks} and ${after?.cpuTime}`);
  assert.ok(Math.abs(process.memoryUsage.rss() - (after?.residentBytes ?? 0)) < 32 * 1024 ** 2);
});

test('a name with spaces and parentheses does not shift the fields', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
  const program = join(directory, 'a) S 1 (b');
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['1000'], { detached: true, env: { MARK: 'a=b' } });
  try {
    const pid = child.pid ?? 0;
    const stat = readStat(pid);
    assert.equal(stat?.session, pid);
    assert.ok(stat.startTime > 0);
    assert.equal(readVariable(pid, 'MARK'), 'a=b');
    assert.equal(readVariable(pid, 'MAR'), undefined);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(directory, { recursive: true });
  }
  assert.equal(readStat(child.pid ?? 0), undefined);
});
