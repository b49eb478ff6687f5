import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { temporaryObstacle } from '../../src/common/temporary.ts';
import { checkout } from '../support/guest-home.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('a directory whose programs run is no obstacle, and nothing is left in it', (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(temporaryObstacle(directory), undefined);
  assert.deepEqual(readdirSync(directory), []);
});

test('a mount with noexec is found, and nothing is left in it', async (t) => {
  const directory = temporaryDirectory(t);
  const script = `const { temporaryObstacle } = await import('${join(checkout, 'src/common/temporary.ts')}');
    console.log(temporaryObstacle('${directory}')?.problem);`;
  const inMount = `mount -t tmpfs -o noexec tmpfs "$1" && "$2" --input-type=module -e "$3" && ls -A "$1"`;
  const args = ['--mount', 'sh', '-euc', inMount, 'sh', directory, process.execPath, script];
  const { stdout, stderr } = await execute({ file: 'unshare', args, timeoutMs: 30_000 });
  assert.equal(
    stdout,
    `${directory} is mounted noexec, and an image is made by programs that run there\n`,
    stderr,
  );
});

test('a directory in which nothing can be written is the error of the system', () => {
  assert.throws(() => temporaryObstacle('/proc'), { syscall: 'open' });
});
