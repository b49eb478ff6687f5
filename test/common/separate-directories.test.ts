import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { requireSeparateDirectories } from '../../src/common/separate-directories.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A home with a runtime directory, as nothing of banger's is there yet. */
function emptyHome(t: TestContext): string {
  const home = temporaryDirectory(t);
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  return home;
}

const separate: [string, (home: string) => NodeJS.ProcessEnv][] = [
  ['the usual ones', () => ({})],
  ['a home behind a link', (home) => ({ HOME: link(home, 'home', home) })],
  [
    'neighbours whose names begin alike',
    (home) => ({ XDG_RUNTIME_DIR: join(home, '.local/state/banger-run') }),
  ],
  ['the runtime directory in the home', (home) => ({ XDG_RUNTIME_DIR: home })],
  [
    'state and cache in one data directory',
    (home) => ({ XDG_STATE_HOME: `${home}/d/s`, XDG_CACHE_HOME: `${home}/d/c` }),
  ],
];

for (const [name, given] of separate) {
  test(`${name}: taken`, (t) => {
    const home = emptyHome(t);
    requireSeparateDirectories(userPaths({ HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), ...given(home) }));
  });
}

const together: [string, (home: string) => NodeJS.ProcessEnv, RegExp][] = [
  [
    'the runtime directory by a link in the state directory',
    (home) => ({ XDG_RUNTIME_DIR: link(home, 'tmp', mkdir(home, '.local/state')) }),
    /^the runtime directory .* into the state directory .*; set XDG_RUNTIME_DIR to another place$/,
  ],
  [
    'the runtime directory is itself a link to the state directory',
    (home) => ({ XDG_RUNTIME_DIR: mkdirWithLink(home, 'other', mkdir(home, '.local/state/banger')) }),
    /^the runtime directory .* into the state directory .*; set XDG_RUNTIME_DIR/,
  ],
  [
    'the runtime directory below the directory of VMs',
    (home) => ({ XDG_RUNTIME_DIR: join(home, '.local/state/banger/vms') }),
    /^the runtime directory .* into the state directory/,
  ],
  [
    'the state directory below that of running VMs',
    (home) => ({ XDG_STATE_HOME: join(home, 'run/banger/vms') }),
    /^the state directory .* into the runtime directory .*; set XDG_STATE_HOME/,
  ],
  [
    'the cache in the state',
    (home) => ({ XDG_CACHE_HOME: join(home, '.local/state') }),
    /^the cache directory .* into the state directory .*; set XDG_CACHE_HOME/,
  ],
  [
    'the configuration in the cache, by a link',
    (home) => ({ XDG_CONFIG_HOME: link(home, 'conf', mkdir(home, '.cache')) }),
    /^the cache directory .* into the config directory .*; set XDG_CACHE_HOME/,
  ],
];

for (const [name, given, says] of together) {
  test(`${name}: refused, and nothing is made`, (t) => {
    const home = emptyHome(t);
    const paths = userPaths({ HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), ...given(home) });
    const before = readdirSync(home, { recursive: true });
    assert.throws(() => requireSeparateDirectories(paths), { code: 'HostNotReady', message: says });
    assert.deepEqual(readdirSync(home, { recursive: true }), before);
  });
}

function mkdir(home: string, name: string): string {
  mkdirSync(join(home, name), { recursive: true, mode: 0o700 });
  return join(home, name);
}

function link(home: string, name: string, to: string): string {
  symlinkSync(to, join(home, name));
  return join(home, name);
}

function mkdirWithLink(home: string, name: string, to: string): string {
  symlinkSync(to, join(mkdir(home, name), 'banger'));
  return join(home, name);
}
