/**
 * Layouts of repositories that are legitimate: each arrives as it is, or is refused by a sentence whose command, once it
 * was run, makes it arrive.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, type TestContext, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import { prepareWorkspace } from '../../src/workspace/prepare.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { layouts } from './attack/layouts.ts';
import { copyRepository, makeHonest } from './attack/scene.ts';
import { readHere } from './reader.ts';
import { git, guestGit, localShell, makePlace, makeWork, type Place } from './support.ts';

const environment = { ...process.env };
const honestHome = mkdtempSync(join(tmpdir(), 'banger-test-honest-'));
const honest = makeHonest(honestHome);
after(() => rmSync(honestHome, { recursive: true }));

afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});

/** A user's home with a repository; git and the daemon's code use it until the test's end. */
function makeLayout(context: TestContext) {
  const place = makePlace(context);
  const home = place.host;
  process.env.HOME = home;
  process.env.GIT_CONFIG_NOSYSTEM = '1';
  delete process.env.XDG_CONFIG_HOME;
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Ann\n\temail = ann@home.example\n');
  const repo = join(home, 'repo');
  copyRepository(honest, repo);
  git(repo, 'update-index', '-q', '--refresh');
  return { place, home, repo, git: (...args: string[]) => git(repo, ...args) };
}

async function prepare(place: Place, source: string): Promise<Workspace> {
  const options = { guestPath: place.target, scratchDirectory: place.scratch };
  const workspace = await prepareWorkspace(localShell(place), source, options, makeWork(), readHere);
  assert.deepEqual(readdirSync(place.scratch), []);
  return workspace;
}

/** Runs the first command that a refusal names, as a user would type it. */
function follow(place: Place, source: string, error: BangerError): void {
  const [, remedy] = /; .*?`([^`]+)`/s.exec(error.message) ?? [];
  assert.ok(remedy, `no command in: ${error.message}`);
  execFileSync('sh', ['-c', remedy], {
    cwd: source,
    env: { ...process.env, HOME: place.host },
    stdio: 'pipe',
  });
}

function assertSame(place: Place, top: string): void {
  const ask = (...args: string[]) => Buffer.from(git(top, ...args)).toString('latin1');
  const status = ['status', '--porcelain=v2', '--branch', '--untracked-files=all'];
  assert.equal(guestGit(place, ...status), ask(...status));
  const log = ['log', '--format=%H %an %ae %s'];
  const hasCommit = /^# branch\.oid [0-9a-f]/m.test(ask('status', '--porcelain=v2', '--branch'));
  if (hasCommit) assert.equal(guestGit(place, ...log), ask(...log));
  assert.equal(guestGit(place, 'config', 'user.email'), ask('config', 'user.email'));
  assert.equal(guestGit(place, 'fsck', '--full', '--no-dangling'), '');
  assert.ok(!existsSync(join(place.target, '.git/objects/info/alternates')));
}

for (const { name, make, refusal } of layouts) {
  test(`${name}: ${refusal ? 'arrives, at the latest after the remedy of the refusal' : 'arrives as it is'}`, async (context) => {
    const layout = makeLayout(context);
    const { place } = layout;
    const source = make(layout);
    try {
      await prepare(place, source);
    } catch (error) {
      assert.ok(error instanceof BangerError && refusal !== undefined, String(error));
      assert.match(error.message, refusal);
      assert.ok(!existsSync(place.target));
      follow(place, source, error);
      await prepare(place, source);
    }
    assertSame(place, git(source, 'rev-parse', '--show-toplevel').trim());
  });
}

test('there are at least 15 layouts', () => {
  assert.ok(layouts.length >= 15);
});

test('variables of git in the environment of the daemon choose nothing', async (context) => {
  const layout = makeLayout(context);
  const { place, repo } = layout;
  const other = mkdtempSync(join(realpathSync(tmpdir()), 'banger-test-other-'));
  context.after(() => rmSync(other, { recursive: true }));
  mkdirSync(join(other, 'tree'));
  git(other, 'init', '--quiet', 'repo');
  Object.assign(process.env, {
    GIT_DIR: join(other, 'repo/.git'),
    GIT_WORK_TREE: join(other, 'tree'),
    GIT_INDEX_FILE: join(other, 'index'),
    GIT_OBJECT_DIRECTORY: join(other, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(other, 'more'),
    GIT_COMMON_DIR: join(other, 'common'),
    GIT_NAMESPACE: 'other',
    GIT_CEILING_DIRECTORIES: place.host,
    GIT_CONFIG_PARAMETERS: "'user.email'='eve@example.org'",
  });
  const workspace = await prepare(place, join(repo, 'src'));
  for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
  process.env.GIT_CONFIG_NOSYSTEM = '1';
  assert.equal(workspace.source, repo);
  assertSame(place, repo);
});

test('the commit of a submodule is refused with another way', async (context) => {
  const layout = makeLayout(context);
  const library = join(layout.home, 'library');
  git(layout.home, 'clone', '--quiet', layout.repo, 'library');
  layout.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'sub');
  await assert.rejects(prepare(layout.place, layout.repo), { code: 'NotSupported', message: /banger vm cp/ });
});
