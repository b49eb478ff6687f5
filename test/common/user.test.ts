/** Who banger runs as. Another user is uid 1234 here, which the user database does not have. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { checkout } from '../support/guest-home.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const other = 1234;
const isRoot = process.getuid?.() === 0;

test('root is refused in the home of another user, and nothing is made there', (t) => {
  assert.ok(isRoot, 'only root can give files away: run the tests as root');
  const [home, own] = [temporaryDirectory(t), temporaryDirectory(t)];
  chownSync(home, other, other);
  const cases: [env: NodeJS.ProcessEnv, variable: string][] = [
    [{ HOME: home }, 'HOME'],
    [{ HOME: join(home, 'a/b') }, 'HOME'],
    [{ HOME: own, XDG_RUNTIME_DIR: home }, 'XDG_RUNTIME_DIR'],
    [{ HOME: own, XDG_STATE_HOME: join(home, 'state') }, 'XDG_STATE_HOME'],
    [{ HOME: own, XDG_CONFIG_HOME: home }, 'XDG_CONFIG_HOME'],
  ];
  for (const [env, variable] of cases) {
    const message = new RegExp(
      `banger runs as root, and ${variable} is .* of the user with uid ${other}; run it without`,
    );
    assert.throws(() => userPaths(env), { code: 'HostNotReady', message });
  }
  assert.deepEqual(readdirSync(home), []);
});

test('a uid that the user database does not have is refused with its remedy', () => {
  assert.ok(isRoot, 'only root can become another user: run the tests as root');
  // Run with the rights of root, who may read this checkout: which uid we are is all that is asked.
  const script = `process.setuid(${other}); const { findUser } = await import('${join(checkout, 'src/common/user.ts')}');
    try { findUser(); } catch (error) { console.log(error.code + ': ' + error.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(
    stdout,
    `HostNotReady: uid ${other} is not in the user database, and ssh works for no such user; add it as root with \`useradd -u ${other} NAME\`\n`,
  );
});

test('a current directory that was removed is said to be', (t) => {
  const [home, parent] = [temporaryDirectory(t), temporaryDirectory(t)];
  const directory = join(parent, 'gone');
  for (const args of ['config check x.toml', 'vm run .']) {
    mkdirSync(directory);
    // Node remembers the directory once it was asked for, so it is removed before Node runs.
    const script = `rmdir '${directory}' && exec '${process.execPath}' '${join(checkout, 'src/cli/main.ts')}' ${args}`;
    const options = {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: home },
    } as const;
    const { stderr, status } = spawnSync('sh', ['-c', script], options);
    assert.match(
      stderr,
      /^banger: the current directory was removed; change to one that is there, and try again\n/m,
      args,
    );
    assert.equal(status, 2, args);
  }
});
