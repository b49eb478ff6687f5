/** The directories that banger makes: nobody else's, and in nobody else's hands. Another user is uid 1234 here. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Paths, userPaths } from '../../src/common/paths.ts';
import {
  makeOwnDirectory,
  makePrivateDirectory,
  requireOwnDirectory,
} from '../../src/common/private-directory.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const isRoot = process.getuid?.() === 0;
const other = 1234;

/** Paths of which the runtime directory lies in a directory like /tmp. */
function inShared(t: TestContext): { paths: Paths; shared: string; victim: string } {
  const directory = temporaryDirectory(t);
  const [shared, victim] = [join(directory, 'shared'), join(directory, 'victim')];
  for (const path of [shared, victim]) mkdirSync(path, { mode: 0o700 });
  chmodSync(shared, 0o1777);
  return { paths: userPaths({ HOME: directory, XDG_RUNTIME_DIR: shared }), shared, victim };
}

test('a directory is made for this user alone, and found again', (t) => {
  const { paths } = inShared(t);
  for (const kind of ['state', 'cache', 'runtime'] as const) {
    for (const _time of ['first', 'again']) {
      assert.equal(makeOwnDirectory(paths, kind), paths[kind]);
      assert.equal(lstatSync(paths[kind]).mode & 0o7777, 0o700);
    }
  }
});

const taken: [string, (path: string, victim: string) => void, RegExp][] = [
  ['a link to a directory of the user’s', (path, victim) => symlinkSync(victim, path), /is a symbolic link/],
  [
    'a link that leads nowhere',
    (path, victim) => symlinkSync(join(victim, 'new'), path),
    /is a symbolic link/,
  ],
  ['a file', (path) => writeFileSync(path, ''), /is not a directory/],
  ['a FIFO', (path) => void execFileSync('mkfifo', [path]), /is not a directory/],
  ['a directory open to others', (path) => mkdirWith(path, 0o777), /open to other users; run `chmod 700/],
  [
    'a directory that others may list',
    (path) => mkdirWith(path, 0o740),
    /open to other users; run `chmod 700/,
  ],
];

for (const [name, take, says] of taken) {
  test(`in the place of the runtime directory, ${name} is refused and stays`, (t) => {
    const { paths, victim } = inShared(t);
    take(paths.runtime, victim);
    const before = lstatSync(paths.runtime);
    assert.throws(() => makeOwnDirectory(paths, 'runtime'), { code: 'HostNotReady', message: says });
    assert.throws(() => requireOwnDirectory(paths, 'runtime'), { code: 'HostNotReady', message: says });
    assert.deepEqual(readdirSync(victim), []);
    assert.equal(lstatSync(paths.runtime).ino, before.ino);
  });
}

test('what belongs to another user is refused, whatever it is', (t) => {
  assert.ok(isRoot, 'only root can give files away: run the tests as root');
  const { paths, victim } = inShared(t);
  mkdirSync(paths.runtime, { mode: 0o700 });
  lchownSync(paths.runtime, other, other);
  assert.throws(() => makeOwnDirectory(paths, 'runtime'), /belongs to another user \(uid 1234\)/);
  mkdirSync(join(paths.state, '..'), { recursive: true });
  symlinkSync(victim, paths.state);
  lchownSync(paths.state, other, other);
  assert.throws(() => makeOwnDirectory(paths, 'state'), /is a symbolic link of uid 1234/);
  assert.deepEqual(readdirSync(victim), []);
});

test('a directory in which others can replace it is refused before anything is made there', (t) => {
  const { paths, shared } = inShared(t);
  const [open, theirs] = [join(shared, 'open'), join(shared, 'theirs')];
  mkdirWith(open, 0o777);
  mkdirWith(theirs, 0o755);
  lchownSync(theirs, other, other);
  for (const [parent, says] of [
    [open, /open is open to other users, who could replace .*; set XDG_RUNTIME_DIR to/],
    [join(open, 'new'), /open is open to other users, who could replace .*; set XDG_RUNTIME_DIR to/],
    [theirs, /theirs belongs to another user \(uid 1234\), who could replace .*; set XDG_RUNTIME_DIR to/],
    [join(theirs, 'new'), /theirs belongs to another user/],
  ] as const) {
    const moved = { ...paths, runtime: join(parent, 'banger') };
    assert.throws(() => makeOwnDirectory(moved, 'runtime'), { code: 'HostNotReady', message: says });
    assert.deepEqual([...readdirSync(open), ...readdirSync(theirs)], []);
  }
});

test('a link of the user’s own keeps the state elsewhere, and so do links on the way to it', (t) => {
  const { paths, victim } = inShared(t);
  mkdirSync(join(paths.state, '..'), { recursive: true });
  symlinkSync(victim, paths.state);
  makeOwnDirectory(paths, 'state');
  makePrivateDirectory(join(paths.state, 'vms'));
  assert.ok(existsSync(join(victim, 'vms')));
  const home = temporaryDirectory(t);
  mkdirSync(join(home, 'srv'));
  symlinkSync(join(home, 'srv'), join(home, 'home'));
  const linked = userPaths({ HOME: join(home, 'home'), XDG_RUNTIME_DIR: join(home, 'home') });
  for (const kind of ['state', 'cache', 'runtime'] as const) makeOwnDirectory(linked, kind);
  assert.equal(statSync(join(home, 'srv', 'banger')).mode & 0o777, 0o700);
});

test('below banger’s own directories no link is followed', (t) => {
  const { paths, victim } = inShared(t);
  makeOwnDirectory(paths, 'runtime');
  symlinkSync(victim, join(paths.runtime, 'bus'));
  assert.throws(() => makePrivateDirectory(join(paths.runtime, 'bus')), /is a symbolic link/);
});

test('nothing is required of a directory that is not there, and it is not made', (t) => {
  const { paths } = inShared(t);
  requireOwnDirectory(paths, 'runtime');
  assert.equal(existsSync(paths.runtime), false);
});

function mkdirWith(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}
