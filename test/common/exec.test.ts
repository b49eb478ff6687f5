import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';

const minuteMs = 60_000;

test('nobody waits for a program whose output something else keeps open after it was killed', async () => {
  // What the shell leaves in a session of its own has its standard output, so that the pipe stays open.
  const script = 'setsid sleep 60 & echo $!; exec sleep 60';
  let left = '';
  const began = performance.now();
  const started = execute({
    file: 'sh',
    args: ['-c', script],
    timeoutMs: 1_000,
    graceMs: 100,
    output: collecting((text) => {
      left += text;
    }),
  });
  await assert.rejects(started, { code: 'Timeout' });
  assert.ok(performance.now() - began < minuteMs / 2, 'it was waited for');
  process.kill(Number(left), 'SIGKILL');
});

test('a program has the memory that it is given', async () => {
  const maxMemoryBytes = 64 * 1024 * 1024;
  const limits = await run({
    file: 'cat',
    args: ['/proc/self/limits'],
    timeoutMs: minuteMs,
    maxMemoryBytes,
  });
  assert.match(limits, new RegExp(`^Max data size +${maxMemoryBytes} +${maxMemoryBytes} `, 'm'));
  const args = ['-e', 'Buffer.alloc(256 * 1024 * 1024, 1)'];
  const { status } = await execute({ file: process.execPath, args, timeoutMs: minuteMs, maxMemoryBytes });
  assert.notEqual(status, 0);
});

test('a program that is missing is named, and not what starts it', async () => {
  const missing = { file: 'banger-no-such-program', args: [], timeoutMs: minuteMs };
  for (const endsWithParent of [false, true]) {
    await assert.rejects(execute({ ...missing, endsWithParent }), {
      message: /^banger-no-such-program is not installed/,
    });
  }
});

function collecting(take: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk.toString());
      done();
    },
  });
}
