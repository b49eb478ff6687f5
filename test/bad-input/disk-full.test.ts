/** A VM that is made where there is no room for it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { makeArtifacts } from '../support/artifacts.ts';
import { inNamespace } from '../support/namespace.ts';
import { assertNoVm, assertRefused, banger, inHome, tellCount } from './support.ts';

/** From too little for the first disk to too little for the second; each takes some MiB, whatever its size. */
const rooms = ['1m', '2m', '4m', '6m', '7m'];

for (const room of rooms) {
  test(`${room} of room: no VM, no file of one, and a line that says so`, async () => {
    await inHome(async (home) => {
      makeArtifacts(home);
      const { state } = userPaths(home.env);
      // What is there already is carried over to the small file system that covers it.
      const script = `tar -C "$0" -cf "$0.tar" .; mount -t tmpfs -o size=${room},mode=700 none "$0"
        tar -C "$0" -xf "$0.tar"; rm "$0.tar"`;
      const prefix = [...inNamespace(script), state];
      for (const args of [
        ['vm', 'create', '--no-start', '--name=web'],
        ['vm', 'create', '--no-start', '--name=web', '--disk-size=1T'],
      ]) {
        // Whoever comes first finds it full: the program that makes a disk, or the database.
        const says =
          /file system of \/.*\.ext4 is full; free some space there$|database or disk is full; see that .* has room$/;
        await assertRefused(home, { args, status: 1, says, prefix });
        // The daemon has the small file system, and is found by its socket wherever it is asked from.
        await assertNoVm(home);
        const { stdout } = await banger(home, { args: ['daemon', 'status', '--json'] });
        const { pid } = JSON.parse(stdout.toString());
        const vms = join(`/proc/${pid}/root`, state, 'vms');
        assert.deepEqual(readdirSync(vms), [], 'files of the VM were left');
      }
      await banger(home, { args: ['daemon', 'stop'] });
    });
  });
}

test('the directory for temporary files is full: no VM and one line', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    const TMPDIR = mkdtempSync(join(home.directory, 'tmp-'));
    mkdirSync(join(TMPDIR, 'x'));
    const script = `mount -t tmpfs -o size=4k,nr_inodes=2 none "$0"; : > "$0/fill"`;
    await assertRefused(home, {
      args: ['vm', 'create', '--no-start', '--name=web'],
      status: 1,
      says: /(is full|No space left|file system is full).*; |full; free some space there/,
      prefix: [...inNamespace(script), TMPDIR],
      env: { TMPDIR },
    });
    await assertNoVm(home);
    rmSync(TMPDIR, { recursive: true });
  });
});

test('the count of cases', (t) => tellCount(t));
