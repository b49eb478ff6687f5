/** A host on which a program that banger needs is not installed. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { makeArtifacts } from '../support/artifacts.ts';
import type { PrivateHome } from '../support/home.ts';
import { withoutPrograms } from '../support/namespace.ts';
import { commitAll, makeRepository } from '../support/repository.ts';
import { assertNoVm, assertRefused, banger, inHome, tellCount } from './support.ts';

/** What is missing, the package that the line must name, and what is run without it. */
const onHost: [program: string, packageName: string, lines: string[]][] = [
  ['qemu-system-x86_64', 'qemu-system-x86', ['vm create', 'vm run -- true']],
  ['mkfs.ext4', 'e2fsprogs', ['vm create --no-start', 'vm run -- true']],
  ['ssh-keygen', 'openssh-client', ['vm create --no-start', 'vm run -- true']],
  ['ssh', 'openssh-client', ['vm run -- true', 'vm run']],
  [
    'git',
    'git',
    ['vm run REPOSITORY -- true', 'vm run --branch=new REPOSITORY', 'vm run --detach REPOSITORY'],
  ],
  ['prlimit', 'util-linux', ['vm run REPOSITORY -- true']],
  ['flock', 'util-linux', ['vm list', 'vm run -- true']],
  ['dbus-daemon', 'dbus', ['vm list', 'vm exec web -- true']],
];

/** The same where no image and no kernel is there yet. */
const forArtifacts: [program: string, packageName: string, lines: string[]][] = [
  ['mmdebstrap', 'mmdebstrap', ['image pull debian-bookworm', 'vm create']],
  ['tar2sqfs', 'squashfs-tools-ng', ['image pull debian-bookworm', 'vm run -- true']],
  ['setpriv', 'util-linux', ['image pull debian-bookworm']],
  ['apt-get', 'apt', ['image pull debian-bookworm', 'kernel pull debian-bookworm']],
  ['gensquashfs', 'squashfs-tools-ng', ['kernel pull debian-bookworm']],
  ['dpkg-deb', 'dpkg', ['kernel pull debian-bookworm']],
  ['depmod', 'kmod', ['kernel pull debian-bookworm']],
];

for (const [program, packageName, lines] of [...onHost, ...forArtifacts]) {
  test(`without ${program}: ${lines.join(', ')}`, async (context) => {
    const repository = await makeRepository(context);
    writeFileSync(join(repository, 'file'), '');
    await commitAll(repository, 'one');
    await inHome(async (home) => {
      if (onHost.some(([name]) => name === program)) makeArtifacts(home);
      for (const line of lines) {
        await assertRefused(home, {
          args: line.split(' ').map((word) => (word === 'REPOSITORY' ? repository : word)),
          status: line.startsWith('vm run') || line.startsWith('vm exec') ? 125 : 1,
          says: new RegExp(`${program} is not installed; install the package ${packageName}$`),
          prefix: without(home, program),
        });
        // The daemon that this started is without it, too.
        await banger(home, { args: ['daemon', 'stop'] });
      }
      await assertNoVm(home);
      assert.deepEqual(scratchOf(home), []);
    });
  });
}

test('a disk that cannot be checked or grown stays as it is', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    assert.equal((await banger(home, { args: ['vm', 'create', '--no-start', '--name=web'] })).status, 0);
    await banger(home, { args: ['daemon', 'stop'] });
    for (const program of ['e2fsck', 'resize2fs', 'flock']) {
      await assertRefused(home, {
        args: ['vm', 'set', '--disk-size=9G', 'web'],
        status: 1,
        says: new RegExp(`${program} is not installed; install the package (e2fsprogs|util-linux)$`),
        prefix: without(home, program),
      });
      await banger(home, { args: ['daemon', 'stop'] });
    }
    const grown = await banger(home, { args: ['vm', 'set', '--disk-size=9G', 'web'] });
    assert.equal(grown.status, 0, grown.stderr);
    assert.equal((await banger(home, { args: ['vm', 'delete', '--yes', 'web'] })).status, 0);
  });
});

test('the count of cases', (t) => tellCount(t));

function without({ directory }: PrivateHome, program: string): string[] {
  const empty = join(directory, 'empty');
  mkdirSync(empty, { recursive: true });
  return withoutPrograms(empty, program);
}

/** What is in the directories of images and kernels that is none. */
function scratchOf({ env }: PrivateHome): string[] {
  const { state } = userPaths(env);
  return ['images', 'kernels'].flatMap((kind) => {
    try {
      return readdirSync(join(state, kind)).filter((name) => !/^[a-z0-9]{12}$/.test(name));
    } catch {
      // Nothing of the kind was ever begun.
      return [];
    }
  });
}
