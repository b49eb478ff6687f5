import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { GitIndex } from '../../src/checkout/git-index.ts';
import { withoutCredentials } from '../../src/checkout/remote-url.ts';
import { prepareWorkspace } from '../../src/workspace/prepare.ts';
import {
  git,
  guestGit,
  listing,
  localShell,
  makePlace,
  makeRepository,
  makeWork,
  type Place,
} from './support.ts';

/** A repository whose configuration names a program wherever git can be told to run one. */
function makeTrap(context: TestContext): { place: Place; source: string; canary: string } {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'trap'));
  const canary = join(place.host, 'canary');
  writeFileSync(join(source, '.gitattributes'), '* filter=trap diff=trap merge=trap\n');
  writeFileSync(join(source, 'file'), 'one\n');
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'one');
  const script = join(place.host, 'trap.sh');
  writeFileSync(script, `#!/bin/sh\necho "$0 $*" >>${canary}\ncat\n`);
  chmodSync(script, 0o755);
  const hooks = join(source, 'hooks');
  mkdirSync(hooks);
  const names = ['post-index-change', 'post-checkout', 'pre-auto-gc', 'reference-transaction', 'fsmonitor'];
  for (const directory of [hooks, join(source, '.git/hooks')]) {
    for (const name of names) writeFileSync(join(directory, name), readFileSync(script), { mode: 0o755 });
  }
  const settings = {
    'core.fsmonitor': script,
    'core.hooksPath': hooks,
    'core.sshCommand': script,
    'core.pager': script,
    'core.editor': script,
    'core.askPass': script,
    'core.gitProxy': script,
    'core.alternateRefsCommand': script,
    'credential.helper': `!${script}`,
    'diff.external': script,
    'diff.trap.command': script,
    'diff.trap.textconv': script,
    'filter.trap.clean': script,
    'filter.trap.smudge': script,
    'filter.trap.process': script,
    'filter.trap.required': 'true',
    'merge.trap.driver': script,
    'uploadpack.packObjectsHook': script,
    'remote.origin.url': `ext::${script}`,
    'remote.origin.uploadpack': script,
    'gpg.program': script,
    'alias.rev-parse': `!${script}`,
  };
  for (const [key, value] of Object.entries(settings)) git(source, 'config', key, value);
  return { place, source, canary };
}

function prepare(place: Place, source: string, options: { branch?: string; from?: string } = {}) {
  const all = { guestPath: place.target, scratchDirectory: place.scratch, ...options };
  return prepareWorkspace(localShell(place), source, all, makeWork());
}

test('nothing that the configuration names is run', async (context) => {
  const { place, source, canary } = makeTrap(context);
  appendFileSync(join(source, 'file'), 'changed\n');
  await prepare(place, source);
  assert.ok(!existsSync(canary), existsSync(canary) ? readFileSync(canary, 'utf8') : '');
  assert.equal(readFileSync(join(place.target, 'file'), 'utf8'), 'one\nchanged\n');
  assert.doesNotMatch(readFileSync(join(place.target, '.git/config'), 'utf8'), /trap\.sh/);
  rmSync(place.target, { recursive: true });
  await prepare(place, source, { branch: 'new', from: 'HEAD' });
  assert.ok(!existsSync(canary));
  // The trap works: git itself, asked in the plain way, falls into it.
  // (Not `git status`: only an index as young as the file makes that read the file, and so run its filter.)
  assert.throws(() => git(source, 'add', 'file'), undefined);
  assert.ok(existsSync(canary));
});

test('a program of the checkout is not run where PATH has a relative element', async (context) => {
  const { place, source, canary } = makeTrap(context);
  for (const name of ['git', 'setpriv', 'prlimit', 'tar']) {
    writeFileSync(join(source, name), readFileSync(join(place.host, 'trap.sh')), { mode: 0o755 });
  }
  const path = process.env.PATH;
  process.env.PATH = `.:${path}`;
  try {
    await prepare(place, source);
  } finally {
    process.env.PATH = path;
  }
  assert.ok(!existsSync(canary), existsSync(canary) ? readFileSync(canary, 'utf8') : '');
});

test('a checkout that lies where a repository keeps its work trees is not one of them by its own word', async (context) => {
  const place = makePlace(context);
  const victim = makeRepository(join(place.host, 'victim'));
  writeFileSync(join(victim, 'secret'), 'secret');
  git(victim, 'add', '.');
  git(victim, 'commit', '--quiet', '-m', 'secret');
  git(place.host, 'clone', '--quiet', '--bare', victim, 'project.git');
  const forged = join(place.host, 'project.git/worktrees/forged');
  mkdirSync(forged, { recursive: true });
  const files = { '.git': 'gitdir: .', commondir: '../..', gitdir: '.git', HEAD: 'ref: refs/heads/main' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(forged, name), `${text}\n`);
  assert.match(git(forged, 'log', '--format=%s'), /secret/, 'git itself is not deceived');
  await assert.rejects(prepare(place, forged), { code: 'UnsafeRepository' });
  assert.deepEqual(readdirSync(place.guest), []);
});

test('a partial clone fetches nothing', async (context) => {
  const { place, source, canary } = makeTrap(context);
  git(source, 'config', 'extensions.partialClone', 'origin');
  git(source, 'config', 'remote.origin.promisor', 'true');
  git(source, 'config', 'protocol.ext.allow', 'always');
  const blob = git(source, 'rev-parse', 'HEAD:file').trim();
  rmSync(canary, { force: true });
  rmSync(join(source, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  await assert.rejects(prepare(place, source), { code: 'NotSupported', message: /partial clone/ });
  assert.ok(!existsSync(canary));
  assert.deepEqual(readdirSync(join(place.guest, 'root')), []);
});

test('files with a filter arrive as they are in the work tree, and as unchanged', async (context) => {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'large'));
  git(source, 'config', 'filter.large.clean', 'tr a-z A-Z');
  git(source, 'config', 'filter.large.smudge', 'tr A-Z a-z');
  writeFileSync(join(source, '.gitattributes'), '*.bin filter=large\n');
  writeFileSync(join(source, 'data.bin'), 'contents\n');
  utimesSync(join(source, 'data.bin'), 1_600_000_000, 1_600_000_000);
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'one');
  await prepare(place, source);
  assert.equal(readFileSync(join(place.target, 'data.bin'), 'utf8'), 'contents\n');
  assert.equal(guestGit(place, 'show', 'HEAD:data.bin'), 'CONTENTS\n');
  assert.equal(guestGit(place, 'status', '--porcelain'), '');
});

test('an index that names files outside of the work tree sends none of them', async (context) => {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'evil'));
  writeFileSync(join(place.host, 'secret'), 'secret');
  for (const [before, after] of [
    ['xx/secret', '../secret'],
    ['xxxx/config', '.git/config'],
    ['xxxx/config', '.GIT/config'],
  ] as const) {
    mkdirSync(join(source, before.split('/')[0] ?? ''), { recursive: true });
    writeFileSync(join(source, before), 'x');
    rmSync(join(source, '.git/index'), { force: true });
    git(source, 'add', before);
    const index = readFileSync(join(source, '.git/index'));
    const at = index.indexOf(before);
    index.write(after, at, 'latin1');
    // Signed as git would: the parser must see it, not the checksum.
    const forged = new Uint8Array(index);
    writeFileSync(join(source, '.git/index'), resign(Buffer.from(forged)));
    await assert.rejects(prepare(place, source), { code: 'CommandFailed' });
    assert.throws(() => new GitIndex(resign(Buffer.from(forged)), 'sha1'), /index is damaged/);
  }
  assert.deepEqual(readdirSync(place.guest), []);
});

function resign(index: Buffer): Buffer {
  // A checksum of zeros stands for none.
  index.fill(0, index.length - 20);
  return index;
}

test('a truncated or garbled index is refused and never read past its end', (context) => {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'plain'));
  for (const name of ['a', 'bb', 'ccc/ddd']) {
    mkdirSync(join(source, 'ccc'), { recursive: true });
    writeFileSync(join(source, name), name);
  }
  git(source, 'add', '.');
  const whole = readFileSync(join(source, '.git/index'));
  assert.equal(new GitIndex(whole, 'sha1').entries.length, 3);
  for (let length = 0; length < whole.length - 24; length += 1) {
    const part = whole.subarray(0, length);
    assert.throws(() => new GitIndex(part, 'sha1'), { code: 'CommandFailed' });
  }
  for (let at = 0; at < whole.length; at += 1) {
    const garbled = Buffer.from(whole);
    garbled[at] = 0xff;
    try {
      new GitIndex(garbled, 'sha1');
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'CommandFailed');
    }
  }
});

test('settings arrive without secrets', async (context) => {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'settings'));
  writeFileSync(join(source, 'file'), 'x');
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'one');
  git(source, 'remote', 'add', 'origin', 'https://ann:hunter2@example.org/a.git?private_token=hunter2');
  git(source, 'config', 'remote.we"ird.na\\me.url', 'ssh://git:hunter2@example.org:2222/a.git');
  git(source, 'config', 'http.extraHeader', 'Authorization: hunter2');
  git(source, 'config', 'http.https://example.org.proxy', 'http://u:hunter2@proxy');
  git(source, 'config', 'url.https://hunter2@example.org/.insteadOf', 'gh:');
  git(source, 'config', 'branch.main.remote', 'origin');
  git(source, 'config', 'branch.main.merge', 'refs/heads/main');
  git(source, 'config', 'user.name', 'Ann "the\\tester"\t; # Ünïcode');
  git(source, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
  await prepare(place, source);
  const config = readFileSync(join(place.target, '.git/config'), 'utf8');
  assert.doesNotMatch(config, /hunter2/);
  const ask = (...key: string[]) => guestGit(place, 'config', ...key);
  assert.equal(ask('remote.origin.url'), 'https://example.org/a.git\n');
  assert.equal(ask('remote.we"ird.na\\me.url'), 'ssh://git@example.org:2222/a.git\n');
  assert.equal(ask('user.name'), Buffer.from(git(source, 'config', 'user.name')).toString('latin1'));
  assert.equal(guestGit(place, 'rev-parse', '--abbrev-ref', '@{upstream}'), 'origin/main\n');
  assert.deepEqual(listing(place.target), listing(source));
});

test('the credentials of every form of URL are taken out', () => {
  const cases: [string, string | undefined][] = [
    ['https://token@example.org/a', 'https://example.org/a'],
    ['HTTPS://u:p@x@example.org/a#f', 'HTTPS://example.org/a'],
    ['https://example.org/@scope/a', 'https://example.org/@scope/a'],
    ['git@example.org:a/b.git', 'git@example.org:a/b.git'],
    ['ssh://git@example.org/a', 'ssh://git@example.org/a'],
    ['/srv/git/a.git', '/srv/git/a.git'],
    ['helper::https://u:p@example.org/a', 'helper::https://example.org/a'],
    ['ext::sh -c "x"', undefined],
  ];
  for (const [url, expected] of cases) assert.equal(withoutCredentials(url), expected);
});
