import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileCacheDirectory } from '../../src/preload/compile-cache.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const stranger = 54_321;

/** A home, and the directory for compiled code in it. */
function makeHome(t: TestContext): { home: string; node: string } {
  const home = realpathSync(temporaryDirectory(t));
  return { home, node: join(home, '.cache/banger/node') };
}

test('the directory for compiled code is made for this user alone', (t) => {
  const { home, node } = makeHome(t);
  assert.equal(compileCacheDirectory({ HOME: home }), node);
  for (const path of [node, join(home, '.cache/banger'), join(home, '.cache')])
    assert.equal(statSync(path).mode & 0o777, 0o700, path);
});

test('XDG_CACHE_HOME goes before HOME where it is absolute', (t) => {
  const { home, node } = makeHome(t);
  const other = temporaryDirectory(t);
  assert.equal(
    compileCacheDirectory({ HOME: home, XDG_CACHE_HOME: other }),
    join(realpathSync(other), 'banger/node'),
  );
  assert.equal(compileCacheDirectory({ HOME: home, XDG_CACHE_HOME: 'relative' }), node);
});

test('a link to a directory of this user is followed, and the path has no link any more', (t) => {
  const { home } = makeHome(t);
  const elsewhere = realpathSync(temporaryDirectory(t));
  symlinkSync(elsewhere, join(home, '.cache'));
  assert.equal(compileCacheDirectory({ HOME: home }), join(elsewhere, 'banger/node'));
});

test('without an absolute HOME there is no directory for compiled code', () => {
  for (const env of [{}, { HOME: '' }, { HOME: 'relative' }])
    assert.equal(compileCacheDirectory(env), undefined);
});

/** What others may have done to a home; gives the environment that leads there. */
const foreign: Readonly<Record<string, (home: string, node: string, t: TestContext) => NodeJS.ProcessEnv>> = {
  'a home of another user': (home) => {
    chownSync(home, stranger, stranger);
    return { HOME: home };
  },
  'XDG_CACHE_HOME of another user': (home, _, t) => {
    const theirs = temporaryDirectory(t);
    chownSync(theirs, stranger, stranger);
    return { HOME: home, XDG_CACHE_HOME: theirs };
  },
  'our own directory in a home of another user': (home, node) => {
    mkdirSync(node, { recursive: true, mode: 0o700 });
    chownSync(home, stranger, stranger);
    return { HOME: home };
  },
  'a directory for compiled code of another user': (home, node) => {
    mkdirSync(node, { recursive: true, mode: 0o700 });
    chownSync(node, stranger, stranger);
    return { HOME: home };
  },
  'a directory for compiled code that all can write to': (home, node) => {
    mkdirSync(node, { recursive: true });
    chmodSync(node, 0o777);
    return { HOME: home };
  },
  'a cache that a group of others can write to': (home, node) => {
    mkdirSync(node, { recursive: true, mode: 0o700 });
    chownSync(join(home, '.cache'), process.geteuid?.() ?? 0, stranger);
    chmodSync(join(home, '.cache'), 0o770);
    return { HOME: home };
  },
  'a link to a directory in a home of another user': (home, _, t) => {
    const theirs = temporaryDirectory(t);
    mkdirSync(join(theirs, 'ours'), { mode: 0o700 });
    chownSync(theirs, stranger, stranger);
    symlinkSync(join(theirs, 'ours'), join(home, '.cache'));
    return { HOME: home };
  },
  'a link that leads to nothing': (home) => {
    symlinkSync('/nonexistent/cache', join(home, '.cache'));
    return { HOME: home };
  },
};

for (const [what, prepare] of Object.entries(foreign)) {
  test(`${what} is not used, and nothing is made there`, (t) => {
    assert.equal(process.geteuid?.(), 0, 'giving files away takes root: run `sudo make test`');
    const { home, node } = makeHome(t);
    const env = prepare(home, node, t);
    const existed = existsSync(node);
    assert.equal(compileCacheDirectory(env), undefined);
    assert.equal(existsSync(node), existed);
    if (env.XDG_CACHE_HOME !== undefined) assert.equal(existsSync(join(env.XDG_CACHE_HOME, 'banger')), false);
  });
}
