/** What another user puts into the environment, as it comes with `sudo -E` or `su`, has no effect on a program. */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { type PrivateHome, withPrivateHome } from '../support/home.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { stagedInstallation } from '../support/stage.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const stranger = 54_321;
const roots: Readonly<Record<string, () => Promise<string>>> = {
  checkout: async () => checkout,
  installation: async () => join(await stagedInstallation(), 'lib'),
};
/** Each program, with arguments by which it soon ends without a daemon. */
const programs: Readonly<Record<string, readonly string[]>> = {
  banger: ['--version'],
  bangerd: [],
  'banger-netd': ['--unknown'],
};

/** Variables by which Node or OpenSSL load code, write files or print, all of which lead to a directory. */
function harmful(directory: string): NodeJS.ProcessEnv {
  const canary = join(directory, 'canary.cjs');
  writeFileSync(canary, `require('node:fs').writeFileSync('${directory}/ran', '')`);
  writeFileSync(join(directory, 'openssl.cnf'), 'nodejs_conf = absent\n[broken\n');
  return {
    NODE_OPTIONS: `--require=${canary} --inspect-port=0 --trace-warnings`,
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
    NODE_V8_COVERAGE: join(directory, 'coverage'),
    NODE_REDIRECT_WARNINGS: join(directory, 'warnings'),
    NODE_DEBUG: 'module,net',
    NODE_DEBUG_NATIVE: 'compile_cache',
    NODE_PATH: directory,
    OPENSSL_CONF: join(directory, 'openssl.cnf'),
  };
}

/** Runs each program of each kind of installation with an environment; gives how they ended, without times and pids. */
function forEachProgram(
  what: string,
  body: (run: (env: NodeJS.ProcessEnv) => Promise<Ended>, home: PrivateHome, t: TestContext) => Promise<void>,
): void {
  for (const [where, root] of Object.entries(roots))
    for (const [name, args] of Object.entries(programs))
      test(`${name} of the ${where} ${what}`, async (t) => {
        const program = join(await root(), 'bin', name);
        await withPrivateHome((home) =>
          body((env) => runProgram(program, args, { env: { ...home.env, ...env } }), home, t),
        );
      });
}

forEachProgram('loads and writes nothing that the environment names', async (run, _, t) => {
  const directory = temporaryDirectory(t);
  const env = harmful(directory);
  const before = readdirSync(directory);
  const plain = await run({});
  assert.deepEqual(await run(env), plain);
  assert.deepEqual(readdirSync(directory), before);
});

forEachProgram('makes nothing in the home and the cache of another user', async (run, home, t) => {
  assert.equal(process.geteuid?.(), 0, 'giving files away takes root: run `sudo make test`');
  const theirs = temporaryDirectory(t);
  const caches = ['.cache', 'xdg'].map((name) => join(theirs, name));
  for (const path of [...caches, theirs]) {
    mkdirSync(path, { recursive: true });
    chownSync(path, stranger, stranger);
  }
  // bangerd has its state and its configuration elsewhere, so that it is the cache of compiled code that is looked at.
  const own = { XDG_STATE_HOME: join(home.home, 'state'), XDG_CONFIG_HOME: join(home.home, 'config') };
  const [HOME, XDG_CACHE_HOME] = [theirs, caches[1]];
  for (const env of [{ HOME }, { HOME, XDG_CACHE_HOME }]) await run({ ...own, ...env });
  const compiled = readdirSync(theirs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /node/.test(name),
  );
  assert.deepEqual(compiled, []);
});

test('every variable that Node tells of is dropped, but for those that only change colours and time', async () => {
  const { stdout } = await runProgram(process.execPath, ['--help']);
  const [, told = ''] = stdout.toString().split('Environment variables:');
  const names = [...told.matchAll(/^([A-Z_0-9]+) /gm)].map(([, name = '']) => name);
  assert.ok(names.includes('NODE_V8_COVERAGE'), told);
  const start = readFileSync(join(checkout, 'scripts/start.sh'), 'utf8');
  const kept = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(start));
  assert.deepEqual(kept.sort(), [
    'FORCE_COLOR',
    'NODE_DISABLE_COLORS',
    'NO_COLOR',
    'TZ',
    'UV_THREADPOOL_SIZE',
  ]);
});

test('banger-netd takes nothing of the environment but its own setting', async (t) => {
  const directory = temporaryDirectory(t);
  const root = join(directory, 'lib');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'scripts'));
  for (const [from, to] of [
    ['bin/banger-netd', 'bin/banger-netd'],
    ['scripts/launch-installed.sh', 'scripts/launch.sh'],
    ['scripts/start.sh', 'scripts/start.sh'],
  ] as const)
    writeFileSync(join(root, to), readFileSync(join(checkout, from)), { mode: 0o755 });
  writeFileSync(join(root, 'node'), '#!/bin/sh\nexec /usr/bin/env\n', { mode: 0o755 });
  const { stdout } = await runProgram(join(root, 'bin/banger-netd'), [], {
    env: {
      ...harmful(directory),
      PATH: `${directory}:/usr/bin:/bin`,
      HOME: directory,
      DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${directory}/bus`,
      BANGER_NETD_GRACE_MS: '1000',
    },
  });
  const variables = stdout
    .toString()
    .trim()
    .split('\n')
    .filter((line) => !/^(PWD|OLDPWD|_|SHLVL)=/.test(line));
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(variables.sort(), ['BANGER_NETD_GRACE_MS=1000', `PATH=${path}`]);
});
