import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { processesOf, withPrivateHome } from './home.ts';

test('all of banger’s directories are inside, and are gone afterwards', async () => {
  const directory = await withPrivateHome(async (home) => {
    for (const path of Object.values(userPaths(home.env))) assert.ok(path.startsWith(home.directory), path);
    assert.equal(home.env.DBUS_SESSION_BUS_ADDRESS, undefined);
    return home.directory;
  });
  assert.equal(existsSync(directory), false);
});

test('a process that is left fails the test and is ended', async () => {
  let directory = '';
  let ended: Promise<unknown> = Promise.resolve();
  const leaving = withPrivateHome(async (home) => {
    directory = home.directory;
    const child = spawn('sleep', ['60'], { env: home.env, stdio: 'ignore', detached: true });
    ended = once(child, 'exit');
    await once(child, 'spawn');
  });
  await assert.rejects(leaving, /processes were left running/);
  await ended;
  assert.deepEqual(processesOf(directory), []);
});

test('a process that is on its way out is waited for', async () => {
  await withPrivateHome(async (home) => {
    const child = spawn('sleep', ['0.3'], { env: home.env, stdio: 'ignore' });
    await once(child, 'spawn');
    assert.equal(processesOf(home.directory).length, 1);
  });
});
