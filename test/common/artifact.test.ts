import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asDiskFull, makeArtifact, removeUnfinished } from '../../src/common/artifact.ts';
import { BangerError } from '../../src/common/errors.ts';

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'banger-artifact-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'parent');
}

test('an artifact appears whole, under its id', async (t) => {
  const parent = await scratch(t);
  const id = await makeArtifact(parent, async (id, directory) => {
    await writeFile(join(directory, 'file'), 'x');
    assert.deepEqual(await readdir(parent), [`.making-${id}`]);
    return id;
  });
  assert.match(id, /^[a-z][a-z0-9]+$/);
  assert.deepEqual(await readdir(parent), [id]);
  assert.equal(await readFile(join(parent, id, 'file'), 'utf8'), 'x');
});

test('a failure leaves nothing', async (t) => {
  const parent = await scratch(t);
  const failing = makeArtifact(parent, async (_id, directory) => {
    await mkdir(join(directory, 'deep'));
    throw new BangerError('Cancelled', 'cancelled');
  });
  await assert.rejects(failing, { code: 'Cancelled' });
  assert.deepEqual(await readdir(parent), []);
});

test('what a killed process left is removed, and only that', async (t) => {
  const parent = await scratch(t);
  await mkdir(join(parent, '.making-dead', 'deep'), { recursive: true });
  await mkdir(join(parent, 'whole'));
  const seen: string[] = [];
  await removeUnfinished(parent, async (directory) => void seen.push(directory));
  assert.deepEqual(seen, [join(parent, '.making-dead')]);
  assert.deepEqual(await readdir(parent), ['whole']);
  await removeUnfinished(join(parent, 'absent'));
});

test('a full file system is told apart, whoever met it', () => {
  const system = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const program = new BangerError('CommandFailed', 'tar2sqfs failed: No space left on device');
  for (const error of [system, program]) {
    const told = asDiskFull(error, '/var');
    assert.ok(told instanceof BangerError && told.code === 'DiskFull' && told.message.includes('/var'));
  }
  const other = new BangerError('CommandFailed', 'mkfs failed');
  assert.equal(asDiskFull(other, '/var'), other);
});
