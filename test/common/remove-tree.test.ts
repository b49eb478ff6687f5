import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { removeTree } from '../../src/common/remove-tree.ts';
import { getVmFiles } from '../../src/vm/vm.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const disk = 'what a user wrote';

/** A VM's files, as they are while it runs. */
function runningVm(t: TestContext) {
  const directory = temporaryDirectory(t);
  const files = getVmFiles('abc', { state: join(directory, 'state'), runtime: join(directory, 'run') });
  for (const path of [files.directory, files.runtime]) mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(files.workDisk, disk);
  writeFileSync(join(files.runtime, 'ssh.sock'), '');
  return {
    directory,
    files,
    removeRuntime: () => removeTree(files.base.runtime, files.runtime, files.base.state),
  };
}

test('removing a tree keeps its neighbours, and removing it again succeeds', async (t) => {
  const { files, removeRuntime } = runningVm(t);
  mkdirSync(join(files.base.runtime, 'vms/abd'));
  for (const _time of ['first', 'again']) await removeRuntime();
  assert.equal(existsSync(files.runtime), false);
  assert.ok(existsSync(join(files.base.runtime, 'vms/abd')));
  assert.equal(readFileSync(files.workDisk, 'utf8'), disk);
});

test('links in a tree and in its place go themselves, and what they lead to stays', async (t) => {
  const { files, removeRuntime } = runningVm(t);
  symlinkSync(files.directory, join(files.runtime, 'inside'));
  await removeRuntime();
  symlinkSync(files.directory, files.runtime);
  await removeRuntime();
  assert.equal(existsSync(files.runtime), false);
  assert.equal(readFileSync(files.workDisk, 'utf8'), disk);
});

test('a directory that is reached through links on the way to the base is removed', async (t) => {
  const { directory, files } = runningVm(t);
  symlinkSync(directory, join(directory, 'link'));
  const linked = getVmFiles('abc', { state: files.base.state, runtime: join(directory, 'link/run') });
  await removeTree(linked.base.runtime, linked.runtime, linked.base.state);
  assert.equal(existsSync(files.runtime), false);
});

test('a link between the base and the tree: nothing is removed', async (t) => {
  const { files, removeRuntime } = runningVm(t);
  rmSync(join(files.base.runtime, 'vms'), { recursive: true });
  symlinkSync(join(files.base.state, 'vms'), join(files.base.runtime, 'vms'));
  await assert.rejects(removeRuntime(), {
    code: 'HostNotReady',
    message: /a symbolic link leads .*; replace/,
  });
  assert.equal(readFileSync(files.workDisk, 'utf8'), disk);
});

test('a base that has become a link to the state: nothing is removed', async (t) => {
  const { files, removeRuntime } = runningVm(t);
  rmSync(files.base.runtime, { recursive: true });
  symlinkSync(files.base.state, files.base.runtime);
  await assert.rejects(removeRuntime(), { code: 'HostNotReady', message: /a symbolic link leads/ });
  assert.equal(readFileSync(files.workDisk, 'utf8'), disk);
});

test('what does not lie in the base is never removed', async (t) => {
  const { files } = runningVm(t);
  for (const path of [files.base.runtime, files.directory, join(files.base.runtime, '..')]) {
    await assert.rejects(removeTree(files.base.runtime, path), /does not lie in/);
  }
});
