import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { prepareWorkspace } from '../../src/workspace/prepare.ts';
import type { Workspace, WorkspaceOptions } from '../../src/workspace/workspace.ts';
import { readHere } from './reader.ts';
import {
  git,
  guestGit,
  listing,
  localShell,
  makePlace,
  makeRepository,
  makeWork,
  type Place,
  statusArguments,
} from './support.ts';

async function prepare(
  place: Place,
  source: string,
  options: Partial<WorkspaceOptions> = {},
): Promise<Workspace> {
  const all = { guestPath: place.target, scratchDirectory: place.scratch, ...options };
  const before = existsSync(join(source, '.git')) ? gitState(source) : undefined;
  const workspace = await prepareWorkspace(localShell(place), source, all, makeWork(), readHere);
  assert.deepEqual(readdirSync(place.scratch), [], 'temporary files of the host are gone');
  assert.deepEqual(readdirSync(join(place.guest, 'root')), ['repo'], 'temporary files of the guest are gone');
  if (before) assert.deepEqual(gitState(source), before, "the host's git directory is untouched");
  return workspace;
}

/** Every file of a git directory with its times, to see that nothing was written. */
function gitState(source: string): string[] {
  const top = join(source, '.git');
  if (!lstatSync(top).isDirectory()) return [];
  return (readdirSync(top, { recursive: true }) as string[])
    .map((path) => {
      const { mtimeMs, size, ino } = lstatSync(join(top, path));
      // Git renews the time of a pack, and nothing else, when it makes a full index of a sparse one.
      return `${path} ${path.endsWith('.pack') ? '' : mtimeMs} ${size} ${ino}`;
    })
    .sort();
}

/** The guest's copy is as the host's, and whole. */
function assertSame(place: Place, source: string, skip?: (path: string) => boolean): void {
  assert.deepEqual(listing(place.target), listing(source, skip));
  // The plumbing does not refresh: it shows what the copied index says by itself.
  const plumbing = ['diff-index', '--cached', '--raw', '--no-abbrev', '-z', 'HEAD'];
  assert.equal(guestGit(place, 'diff-files', '--name-status', '-z'), gitText(source, 'diff-files'));
  if (hasHead(source)) {
    assert.equal(guestGit(place, ...plumbing), Buffer.from(git(source, ...plumbing)).toString('latin1'));
  }
  assertStatus(place, source);
  assertWhole(place);
}

function gitText(source: string, command: string): string {
  git(source, 'status');
  return Buffer.from(git(source, command, '--name-status', '-z')).toString('latin1');
}

function hasHead(source: string): boolean {
  return git(source, 'rev-list', '--all', '--max-count=1') !== '';
}

function assertStatus(place: Place, source: string): void {
  const host = Buffer.from(git(source, ...statusArguments), 'utf8').toString('latin1');
  assert.equal(guestGit(place, ...statusArguments), host);
}

function assertWhole(place: Place): void {
  const said = guestGit(place, 'fsck', '--full', '--strict', '--no-dangling');
  assert.equal(said, '');
  assert.ok(!existsSync(join(place.target, '.git', 'hooks')));
  assert.ok(!existsSync(join(place.target, '.git', 'objects', 'info', 'alternates')));
}

/** A repository with files of every kind, two commits old, its files older than the index. */
function makeProject(context: TestContext): { place: Place; source: string } {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'project'));
  mkdirSync(join(source, 'src', 'deep'), { recursive: true });
  for (const name of ['README', 'src/a.c', 'src/b.c', 'src/deep/c.c', 'gone', 'moved', 'run.sh']) {
    writeFileSync(join(source, name), `the contents of ${name}\n`.repeat(20));
  }
  chmodSync(join(source, 'run.sh'), 0o755);
  symlinkSync('src/a.c', join(source, 'link'));
  symlinkSync('/nowhere/at all', join(source, 'dangling'));
  writeFileSync(join(source, '.gitignore'), '*.o\nbuild/\n');
  writeFileSync(join(source, 'empty'), '');
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'first');
  git(source, 'tag', 'v0.1');
  appendFileSync(join(source, 'README'), 'more\n');
  git(source, 'commit', '--quiet', '-a', '-m', 'second');
  git(source, 'tag', '-a', 'v0.2', '-m', 'second');
  age(source);
  return { place, source };
}

function age(source: string): void {
  const files = git(source, 'ls-files', '-z').split('\0').filter(Boolean);
  for (const file of files) {
    const path = join(source, file);
    if (!lstatSync(path).isSymbolicLink()) utimesSync(path, 1_600_000_000, 1_600_000_000);
  }
  git(source, 'update-index', '-q', '--refresh');
}

test('a clean checkout arrives with history, tags and index', async (context) => {
  const { place, source } = makeProject(context);
  const workspace = await prepare(place, join(source, 'src', 'deep'));
  assertSame(place, source);
  assert.equal(workspace.branch, 'main');
  assert.equal(workspace.head, git(source, 'rev-parse', 'HEAD').trim());
  assert.equal(workspace.source, source);
  assert.equal(workspace.commits, 2);
  assert.equal(workspace.shallow, false);
  assert.deepEqual(workspace.skipped, { count: 0, names: [] });
  assert.equal(guestGit(place, 'describe').trim(), 'v0.2');
  assert.equal(guestGit(place, 'log', '--format=%H'), git(source, 'log', '--format=%H'));
  assert.equal(guestGit(place, 'for-each-ref'), git(source, 'for-each-ref'));
});

test('a dirty tree arrives as it is', async (context) => {
  const { place, source } = makeProject(context);
  appendFileSync(join(source, 'src/a.c'), 'unstaged\n');
  appendFileSync(join(source, 'src/b.c'), 'staged\n');
  git(source, 'add', 'src/b.c');
  appendFileSync(join(source, 'src/b.c'), 'and changed again\n');
  unlinkSync(join(source, 'gone'));
  git(source, 'mv', 'moved', 'renamed');
  git(source, 'rm', '--quiet', '--cached', 'empty');
  chmodSync(join(source, 'README'), 0o755);
  unlinkSync(join(source, 'link'));
  symlinkSync('src/b.c', join(source, 'link'));
  writeFileSync(join(source, 'intended'), 'to add\n');
  git(source, 'add', '--intent-to-add', 'intended');
  writeFileSync(join(source, 'assumed'), 'unchanged\n');
  git(source, 'add', 'assumed');
  git(source, 'update-index', '--assume-unchanged', 'assumed');
  appendFileSync(join(source, 'assumed'), 'but changed\n');
  writeFileSync(join(source, 'staged then deleted'), 'only in the index\n');
  git(source, 'add', 'staged then deleted');
  unlinkSync(join(source, 'staged then deleted'));
  writeFileSync(join(source, 'untracked'), 'u\n');
  mkdirSync(join(source, 'build'));
  writeFileSync(join(source, 'build', 'out'), 'ignored\n');
  writeFileSync(join(source, 'src', 'a.o'), 'ignored\n');
  await prepare(place, source);
  assertSame(place, source, (path) => path.startsWith('build/') || path === 'build' || path.endsWith('.o'));
  assert.equal(guestGit(place, 'show', ':staged then deleted'), 'only in the index\n');
});

test('odd names arrive byte for byte', async (context) => {
  const { place, source } = makeProject(context);
  const names = [
    'a b',
    'new\nline',
    '"quotes\'',
    '-rf',
    '--',
    'back\\slash\\n',
    '*?[x]',
    '$HOME',
    'ü',
    ' ',
    '\ttab',
  ];
  for (const name of names) {
    writeFileSync(join(source, name), name);
    mkdirSync(join(source, 'untracked'), { recursive: true });
    writeFileSync(join(source, 'untracked', name), name);
  }
  git(source, 'add', '--', ...names.map((name) => `:(literal)${name}`));
  const bytes = Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0xff, 0xfe, 0x80, 0x41])]);
  writeFileSync(bytes, 'not UTF-8');
  await prepare(place, source);
  assert.deepEqual(listing(place.target), listing(source));
  assertWhole(place);
  assert.equal(guestGit(place, 'status', '--porcelain'), git(source, 'status', '--porcelain'));
  git(source, 'add', '.');
  rmSync(place.target, { recursive: true });
  await prepare(place, source);
  assert.deepEqual(listing(place.target), listing(source));
  assert.equal(guestGit(place, 'status', '--porcelain'), git(source, 'status', '--porcelain'));
});

test('a conflict arrives with its three versions and can be resolved', async (context) => {
  const { place, source } = makeProject(context);
  git(source, 'switch', '--quiet', '--create', 'other');
  writeFileSync(join(source, 'README'), 'theirs\n');
  git(source, 'commit', '--quiet', '-a', '-m', 'theirs');
  git(source, 'switch', '--quiet', 'main');
  writeFileSync(join(source, 'README'), 'ours\n');
  git(source, 'commit', '--quiet', '-a', '-m', 'ours');
  assert.throws(() => git(source, 'merge', 'other'));
  await prepare(place, source);
  assertSame(place, source);
  assert.equal(guestGit(place, 'show', ':3:README'), 'theirs\n');
  guestGit(place, 'add', 'README');
  guestGit(place, 'commit', '--quiet', '--no-edit');
  assert.equal(guestGit(place, 'log', '-1', '--format=%P').trim().split(' ').length, 2);
});

test('tracked paths behind a directory or a link that took their place are left out', async (context) => {
  const { place, source } = makeProject(context);
  const secret = join(place.host, 'secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'c.c'), 'not of the repository\n');
  rmSync(join(source, 'src/deep'), { recursive: true });
  symlinkSync(secret, join(source, 'src/deep'));
  unlinkSync(join(source, 'gone'));
  mkdirSync(join(source, 'gone'));
  writeFileSync(join(source, 'gone', 'inside'), 'x');
  await prepare(place, source);
  assertSame(place, source);
  assert.ok(lstatSync(join(place.target, 'src/deep')).isSymbolicLink());
});

test('a detached HEAD, an empty repository, and one with files but no commit', async (context) => {
  const { place, source } = makeProject(context);
  git(source, 'checkout', '--quiet', '--detach', 'HEAD~1');
  const detached = await prepare(place, source);
  assert.equal(detached.branch, null);
  assertSame(place, source);

  rmSync(place.target, { recursive: true });
  const empty = makeRepository(join(place.host, 'empty'));
  const nothing = await prepare(place, empty);
  assert.deepEqual([nothing.branch, nothing.head, nothing.files], ['main', null, 0]);
  assertStatus(place, empty);

  rmSync(place.target, { recursive: true });
  writeFileSync(join(empty, 'staged'), 'staged\n');
  git(empty, 'add', 'staged');
  writeFileSync(join(empty, 'untracked'), 'untracked\n');
  await prepare(place, empty);
  assertSame(place, empty);
  guestGit(place, '-c', 'user.name=x', 'commit', '--quiet', '-m', 'works');
});

test('linked work trees, shallow clones, sparse checkouts, split indexes, SHA-256', async (context) => {
  const { place, source } = makeProject(context);
  const check = async (directory: string, skip?: (path: string) => boolean) => {
    const workspace = await prepare(place, directory);
    assertSame(place, directory, skip);
    rmSync(place.target, { recursive: true });
    return workspace;
  };
  const linked = join(place.host, 'linked');
  git(source, 'worktree', 'add', '--quiet', '-b', 'side', linked);
  writeFileSync(join(linked, 'README'), 'changed in the linked one\n');
  git(linked, 'add', 'README');
  assert.equal((await check(linked)).branch, 'side');

  const shallow = join(place.host, 'shallow');
  git(place.host, 'clone', '--quiet', '--depth=1', `file://${source}`, shallow);
  const partOf = await check(shallow);
  assert.deepEqual([partOf.commits, partOf.shallow], [1, true]);

  git(source, 'config', 'uploadpack.allowFilter', 'true');
  const partial = join(place.host, 'partial');
  git(place.host, 'clone', '--quiet', '--filter=blob:none', `file://${source}`, partial);
  assert.match(git(partial, 'rev-list', '--objects', '--missing=print', 'HEAD'), /^\?/m);
  appendFileSync(join(partial, 'README'), 'staged in the partial clone');
  git(partial, 'add', 'README');
  assert.equal((await check(partial)).commits, 1);

  const sparse = join(place.host, 'sparse');
  git(place.host, 'clone', '--quiet', '--sparse', `file://${source}`, sparse);
  git(sparse, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'src/deep');
  await check(sparse);

  git(source, 'update-index', '--split-index');
  appendFileSync(join(source, 'README'), 'x');
  git(source, 'add', 'README');
  await check(source);

  const modern = makeRepository(join(place.host, 'sha256'), '--object-format=sha256');
  writeFileSync(join(modern, 'file'), 'x');
  git(modern, 'add', 'file');
  git(modern, 'commit', '--quiet', '-m', 'one');
  writeFileSync(join(modern, 'staged'), 'y');
  git(modern, 'add', 'staged');
  await check(modern);
});

/** Makes these the user's settings of git until the test ends. */
function useSettings(context: TestContext, place: Place, settings: Record<string, string>): void {
  const directory = join(place.host, 'settings');
  mkdirSync(join(directory, 'git'), { recursive: true });
  const before = process.env.XDG_CONFIG_HOME;
  process.env.XDG_CONFIG_HOME = directory;
  context.after(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });
  for (const [key, value] of Object.entries(settings)) {
    git(directory, 'config', '--file', join(directory, 'git/config'), key, value);
  }
}

test('the ignore rules of the user and of the repository hold here and there', async (context) => {
  const { place, source } = makeProject(context);
  const rules = join(place.host, 'rules');
  writeFileSync(rules, '*.swp\n*.log\n');
  useSettings(context, place, { 'core.excludesFile': rules });
  writeFileSync(join(source, '.git/info/exclude'), '!keep.log\nprivate\n');
  for (const name of ['x.swp', 'x.log', 'keep.log', 'private']) writeFileSync(join(source, name), name);
  await prepare(place, source);
  assertSame(place, source, (path) => ['x.swp', 'x.log', 'private'].includes(path));
  writeFileSync(join(place.target, 'made.swp'), 'x');
  assertStatus(place, source);
});

test('what the user includes for a repository keeps files here, or the repository is refused', async (context) => {
  const { place, source } = makeProject(context);
  const [rules, included] = [join(place.host, 'rules'), join(place.host, 'included')];
  writeFileSync(rules, '*.private\n');
  git(place.host, 'config', '--file', included, 'core.excludesFile', rules);
  useSettings(context, place, { [`includeIf.gitdir:${place.host}/.path`]: included });
  writeFileSync(join(source, 'my.private'), 'x');
  await prepare(place, source);
  assert.ok(!existsSync(join(place.target, 'my.private')));
  rmSync(place.target, { recursive: true });
  // Git takes it for no repository any more, and passes over the inclusion.
  git(source, 'config', 'extensions.objectFormat', 'sha1');
  await assert.rejects(prepare(place, source), { code: 'NotSupported', message: /git clone/ });
});

test('branches with names of other scripts arrive', async (context) => {
  const { place, source } = makeProject(context);
  // The last byte of the first is white space in other encodings, and one of the last is a line end if it is cut.
  for (const name of ['voilà', '日本', 'xĊy']) {
    git(source, 'checkout', '--quiet', '-b', name);
    const { branch } = await prepare(place, source);
    assert.equal(branch, name);
    assertSame(place, source);
    rmSync(place.target, { recursive: true });
  }
});

test('a path through a symbolic link finds the checkout', async (context) => {
  const { place, source } = makeProject(context);
  const link = join(place.host, 'somewhere');
  symlinkSync(join(source, 'src', 'deep'), link);
  const workspace = await prepare(place, link);
  assert.equal(workspace.source, source);
  assertSame(place, source);
});

test('a nested repository is left out and named', async (context) => {
  const { place, source } = makeProject(context);
  makeRepository(join(source, 'vendor/nested'));
  writeFileSync(join(source, 'vendor/nested/file'), 'x');
  const workspace = await prepare(place, source);
  assert.deepEqual(workspace.nestedRepositories, ['vendor/nested/']);
  assert.ok(!existsSync(join(place.target, 'vendor')));
});

test('long history is cut at the documented depth', async (context) => {
  const { place } = makeProject(context);
  const source = makeRepository(join(place.host, 'long'));
  const commits = Array.from({ length: 2500 }, (_, index) =>
    [
      'commit refs/heads/main',
      `mark :${index + 1}`,
      `committer A <a@example.org> ${1_600_000_000 + index} +0000`,
      'data 1',
      'x',
      // Every tenth commit is a merge with an older one.
      ...(index > 20 ? [`from :${index}`] : []),
      ...(index > 20 && index % 10 === 0 ? [`merge :${index - 15}`] : []),
      'M 644 inline file',
      `data ${String(index).length}`,
      String(index),
      '',
    ].join('\n'),
  );
  const { execFileSync } = await import('node:child_process');
  execFileSync('git', ['fast-import', '--quiet'], { cwd: source, input: commits.join('\n') });
  git(source, 'tag', 'old', 'HEAD~2200');
  git(source, 'tag', 'recent', 'HEAD~5');
  git(source, 'reset', '--quiet', '--hard');
  const workspace = await prepare(place, source);
  assertSame(place, source);
  assert.equal(workspace.shallow, true);
  assert.ok(workspace.commits >= 2000 && workspace.commits <= 2010, String(workspace.commits));
  assert.equal(guestGit(place, 'describe', '--tags').trim(), git(source, 'describe', '--tags').trim());
  assert.equal(guestGit(place, 'tag').trim(), 'recent');
  assert.equal(guestGit(place, 'rev-list', '--count', 'HEAD').trim(), String(workspace.commits));
});

test('a moved repository is compared by content, once', async (context) => {
  const { place, source } = makeProject(context);
  const moved = join(place.host, 'copy');
  renameSync(source, moved);
  const now = new Date();
  for (const name of ['README', 'src/a.c']) utimesSync(join(moved, name), now, now);
  await prepare(place, moved);
  assert.equal(guestGit(place, 'diff-files', '--name-only'), '');
});

test('the files keep the modes they have on the host', async (context) => {
  const { place, source } = makeProject(context);
  chmodSync(join(source, 'src/a.c'), 0o600);
  chmodSync(join(source, 'run.sh'), 0o4755);
  await prepare(place, source);
  assert.equal(lstatSync(join(place.target, 'src/a.c')).mode & 0o7777, 0o600);
  assert.equal(lstatSync(join(place.target, 'run.sh')).mode & 0o7777, 0o755);
  assert.equal(lstatSync(place.target).mode & 0o777, 0o755);
  assert.match(readFileSync(join(place.target, '.git/config'), 'utf8'), /Ann Example/);
});

for (const age of ['as young as the index', 'older than the index', 'of the future'] as const) {
  test(`a file with a filter counts as unchanged: ${age}`, async (context) => {
    const { place, source } = makeProject(context);
    useSettings(context, place, { 'filter.up.clean': 'tr a-z A-Z', 'filter.up.smudge': 'tr A-Z a-z' });
    writeFileSync(join(source, '.gitattributes'), '*.bin filter=up\n');
    writeFileSync(join(source, 'f.bin'), 'letters\n');
    git(source, 'add', '.');
    git(source, 'commit', '--quiet', '-m', 'filtered');
    const clone = join(place.host, 'clone');
    git(place.host, 'clone', '--quiet', source, clone);
    const times = {
      'as young as the index': undefined,
      'older than the index': 1_600_000_000,
      'of the future': 2_500_000_000,
    };
    const time = times[age];
    if (time !== undefined) utimesSync(join(clone, 'f.bin'), time, time);
    if (time !== undefined) git(clone, 'update-index', '--refresh');
    await prepare(place, clone);
    assert.equal(guestGit(place, 'status', '--porcelain'), '');
    writeFileSync(join(place.target, 'f.bin'), 'changed\n');
    assert.equal(
      guestGit(place, 'status', '--porcelain'),
      ' M f.bin\n',
      'a later change of the same size is seen',
    );
  });
}
