import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ErrorCode } from '../../src/common/error-table.ts';
import { prepareWorkspace } from '../../src/workspace/prepare.ts';
import type { Workspace, WorkspaceOptions } from '../../src/workspace/workspace.ts';
import { readHere } from './reader.ts';
import { git, guestGit, localShell, makePlace, makeRepository, makeWork, type Place } from './support.ts';

function makeProject(context: TestContext): { place: Place; source: string; first: string } {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'project'));
  writeFileSync(join(source, 'file'), 'one\n');
  writeFileSync(join(source, 'dos'), 'a\r\n');
  writeFileSync(join(source, '.gitattributes'), 'dos text eol=crlf\n');
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'one');
  writeFileSync(join(source, 'file'), 'two\n');
  writeFileSync(join(source, 'later'), 'later\n');
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'two');
  return { place, source, first: git(source, 'rev-parse', 'HEAD~1').trim() };
}

function prepare(place: Place, source: string, options: Partial<WorkspaceOptions> = {}): Promise<Workspace> {
  const all = { guestPath: place.target, scratchDirectory: place.scratch, ...options };
  return prepareWorkspace(localShell(place), source, all, makeWork(), readHere);
}

async function assertRefused(
  place: Place,
  source: string,
  options: Partial<WorkspaceOptions>,
  code: ErrorCode,
  said: RegExp,
): Promise<void> {
  await assert.rejects(prepare(place, source, options), { name: 'BangerError', code, message: said });
  assert.deepEqual(readdirSync(place.scratch), []);
  assert.ok(!existsSync(place.target) || readdirSync(place.target).length > 0);
}

test('a new branch keeps the local changes', async (context) => {
  const { place, source } = makeProject(context);
  appendFileSync(join(source, 'file'), 'local\n');
  const workspace = await prepare(place, source, { branch: 'fix/one' });
  assert.deepEqual([workspace.branch, workspace.localChanges], ['fix/one', 'copied']);
  assert.equal(guestGit(place, 'symbolic-ref', 'HEAD').trim(), 'refs/heads/fix/one');
  assert.equal(guestGit(place, 'rev-parse', 'main'), git(source, 'rev-parse', 'HEAD'));
  assert.equal(guestGit(place, 'status', '--porcelain'), ' M file\n');
  assert.equal(git(source, 'branch', '--list', 'fix/*'), '');
});

test('a branch from a revision has the clean tree of it', async (context) => {
  const { place, source, first } = makeProject(context);
  appendFileSync(join(source, 'file'), 'local\n');
  writeFileSync(join(source, 'untracked'), 'x');
  const workspace = await prepare(place, source, { branch: 'old', from: 'HEAD~1' });
  assert.deepEqual([workspace.head, workspace.localChanges], [first, 'left']);
  assert.equal(guestGit(place, 'diff-files', '--name-only'), '');
  assert.equal(guestGit(place, 'status', '--porcelain'), '');
  assert.deepEqual(readdirSync(place.target).sort(), ['.git', '.gitattributes', 'dos', 'file']);
  assert.equal(guestGit(place, 'diff', '--stat', 'main', '--', 'later').includes('later'), true);
  assert.equal(guestGit(place, 'fsck', '--strict', '--no-dangling'), '');
});

test('bad branches and revisions are refused before the guest sees anything', async (context) => {
  const { place, source } = makeProject(context);
  git(source, 'branch', 'taken');
  for (const branch of ['', '-x', 'a b', 'a..b', 'x.lock', '@{-1}', 'HEAD', 'a\0b', '/a', 'main/sub']) {
    await assertRefused(place, source, { branch }, 'InvalidName', /branch/);
  }
  for (const branch of ['taken', 'main']) {
    await assertRefused(place, source, { branch }, 'AlreadyExists', /choose a name/);
  }
  for (const from of ['', 'nowhere', '--all', '-n1', 'HEAD:file', 'HEAD..HEAD~1', 'a\0b']) {
    await assertRefused(place, source, { branch: 'new', from }, 'InvalidArgs', /has no revision/);
  }
  await assertRefused(place, source, { from: 'HEAD' }, 'InvalidArgs', /--branch/);
  for (const guestPath of ['/', 'relative', '', '/a\0b']) {
    await assertRefused(place, source, { guestPath }, 'InvalidArgs', /absolute path/);
  }
  assert.deepEqual(readdirSync(place.guest), []);
});

test('what is no checkout is refused with what to do', async (context) => {
  const { place, source } = makeProject(context);
  const plain = join(place.host, 'plain');
  mkdirSync(plain);
  await assertRefused(place, plain, {}, 'NotARepository', /git init/);
  await assertRefused(place, join(place.host, 'absent'), {}, 'InvalidArgs', /does not exist/);
  await assertRefused(place, join(source, 'file', 'x'), {}, 'InvalidArgs', /does not exist/);
  await assertRefused(place, join(source, 'file'), {}, 'InvalidArgs', /not a directory/);
  await assertRefused(place, join(source, '.git'), {}, 'NotARepository', /git's own directory/);
  const bare = join(place.host, 'bare');
  git(place.host, 'clone', '--quiet', '--bare', source, bare);
  await assertRefused(place, bare, {}, 'NotARepository', /bare/);
});

test('a format of repositories that is not known is refused with what to do', async (context) => {
  const { place, source } = makeProject(context);
  for (const [key, value, said] of [
    ['core.repositoryFormatVersion', '99', /version 99 of git's format.*; clone/],
    ['extensions.refStorage', 'reftable', /refs in a reftable.*; run `git -C .* refs migrate/],
    ['extensions.objectFormat', 'sha512', /objects of the format sha512.*; clone/],
    ['extensions.later', 'true', /the extension later of git's format.*; clone/],
  ] as const) {
    git(source, 'config', key, value);
    await assertRefused(place, source, {}, 'NotSupported', said);
    execFileSync('git', ['config', '--file', join(source, '.git/config'), '--unset', key]);
  }
});

test('submodules are refused with what to do', async (context) => {
  const { place, source } = makeProject(context);
  const parent = makeRepository(join(place.host, 'parent'));
  git(parent, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', source, 'sub');
  await assertRefused(place, parent, {}, 'NotSupported', /submodules \("sub"\)/);
});

test('a damaged index and missing objects are reported', async (context) => {
  const { place, source, first } = makeProject(context);
  rmSync(join(source, '.git/objects', first.slice(0, 2), first.slice(2)));
  await assertRefused(place, source, {}, 'CommandFailed', /git/);
  writeFileSync(join(source, '.git/index'), 'DIRC malformed, and rather more of it');
  await assertRefused(place, source, {}, 'CommandFailed', /index/);
});

test("another user's checkout is refused as git does", async (context) => {
  const { place, source } = makeProject(context);
  if (process.getuid?.() !== 0) return context.skip('only root can give files away');
  chownSync(source, 12345, 12345);
  chownSync(join(source, '.git'), 12345, 12345);
  await assertRefused(place, source, {}, 'HostNotReady', /safe\.directory .*project/);
});

test('what is in the way in the guest stays', async (context) => {
  const { place, source } = makeProject(context);
  mkdirSync(place.target, { recursive: true });
  await prepare(place, source);
  await assertRefused(place, source, {}, 'AlreadyExists', /not empty/);
  rmSync(place.target, { recursive: true });
  writeFileSync(place.target, 'a file of the user');
  await assert.rejects(prepare(place, source), { code: 'AlreadyExists' });
  assert.deepEqual(readdirSync(join(place.guest, 'root')), ['repo']);
});
