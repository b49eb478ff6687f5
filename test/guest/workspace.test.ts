/** The copy of a repository in a guest, against the repository on the host. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGuestHome } from '../support/guest-home.ts';
import { runProgram } from '../support/program.ts';
import { commitAll, git, makeRepository } from '../support/repository.ts';

const home = await openGuestHome();
const bootstrapLog = '/root/.cache/banger/mise-bootstrap.log';

/** What a file is, on either side: kind, permissions, contents or target, and its name as bytes. */
const listing = `export LC_ALL=C
find . -path ./.git -prune -o ! -type d -print0 | sort -z | while IFS= read -r -d '' file; do
  if [ -L "$file" ]; then printf 'link %s' "$(readlink "$file")"
  else printf 'file %s %s' "$(stat -c %A "$file")" "$(sha256sum <"$file")"; fi
  printf ' %s\\0' "$file"
done`;

/** Untracked files that are ignored stay on the host; all else of it must be the same. */
const ignored = Buffer.from(' ./build.o\0');

async function hostOutput(directory: string, file: string, ...args: string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await runProgram(file, args, { cwd: directory });
  assert.equal(status, 0, stderr);
  return stdout;
}

async function guestOutput(cwd: string, ...argv: string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await home.run(['vm', 'exec', 'ws', '--cwd', cwd, '--', ...argv]);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Two commits, then every way in which a tree can differ from the last one. */
async function makeDirtyTree(directory: string): Promise<void> {
  const put = (name: string | Buffer, text: string) =>
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]), text);
  put('tracked', 'one\n');
  put('staged', 'one\n');
  put('both', 'one\n');
  put('gone', 'one\n');
  put('removed', 'one\n');
  put('mode', 'one\n');
  put('.gitignore', '*.o\n');
  mkdirSync(join(directory, 'deep/er'), { recursive: true });
  put('deep/er/file', 'deep\n');
  symlinkSync('deep/er/file', join(directory, 'link'));
  await commitAll(directory, 'first');
  put('tracked', 'two\n');
  await commitAll(directory, 'second: ümlaut');
  put('tracked', 'three, not staged\n');
  put('staged', 'two, staged\n');
  await git(directory, 'add', 'staged');
  put('both', 'two, staged\n');
  await git(directory, 'add', 'both');
  put('both', 'three, not staged\n');
  put('added', 'staged and new\n');
  await git(directory, 'add', 'added');
  rmSync(join(directory, 'gone'));
  await git(directory, 'rm', '--quiet', 'removed');
  chmodSync(join(directory, 'mode'), 0o755);
  put('build.o', 'ignored\n');
  put('run me', '#!/bin/sh\necho ran\n');
  chmodSync(join(directory, 'run me'), 0o755);
  symlinkSync('/nowhere/at all', join(directory, 'dangling'));
  for (const name of ['new\nline', 'quo"te\'s', '-dash', ' lead and trail ', 'star*', '$HOME', 'back\\slash'])
    put(name, name);
  put(Buffer.from([0x66, 0xff, 0xfe]), 'no UTF-8\n');
}

test('a dirty tree arrives as it is, and tools are installed in the background', async (t) => {
  const repository = await makeRepository(t);
  await makeDirtyTree(repository);
  writeFileSync(join(repository, '.tool-versions'), 'nothing-known-to-mise 1.0\n');
  const below = join(repository, 'deep/er');
  // Without a command a shell reads what comes on stdin. It starts in the repository whatever PATH was in it.
  const { status, stdout, stderr } = await home.run(['vm', 'run', '--name', 'ws', below], {
    input: 'pwd\nexit 7\n',
  });
  assert.equal(status, 7, stderr);
  assert.match(stdout.toString(), /^\/root\/repo$/m);
  assert.match(stderr, /^stage workspace-copy/m);
  assert.equal((await home.show('ws')).state, 'running');

  const shell = ['bash', '-euc', listing] as const;
  const onHost = (await hostOutput(repository, ...shell)).toString('latin1').split('\0');
  const kept = onHost.filter((line) => !line.endsWith(' ./build.o'));
  assert.equal(kept.length, onHost.length - 1, 'the ignored file is not on the host');
  const inGuest = await guestOutput('/root/repo', ...shell);
  assert.deepEqual(inGuest.toString('latin1').split('\0'), kept);
  assert.ok(!inGuest.includes(ignored));

  for (const args of [
    ['status', '--porcelain=v2', '-z'],
    ['log', '--format=%H %P %an %ae %at %s', '--all'],
    ['diff', '--no-ext-diff', 'HEAD'],
    ['diff', '--no-ext-diff', '--cached'],
    ['rev-parse', 'HEAD', '--abbrev-ref', 'HEAD'],
  ]) {
    const there = await guestOutput('/root/repo', 'git', ...args);
    assert.equal(
      there.toString('latin1'),
      (await git(repository, ...args)).toString('latin1'),
      args.join(' '),
    );
    assert.notEqual(there.length, 0, `git ${args.join(' ')} shows nothing to compare`);
  }
  await guestOutput('/root/repo', 'git', 'fsck', '--full', '--strict');
  assert.equal((await guestOutput('/root/repo', './run me')).toString(), 'ran\n');
});

test('the bootstrap of mise runs and logs in the guest, and its failure harms nothing', async () => {
  // It may need a network to succeed; that it ran to its end is in its log either way.
  const log = await home.script(
    'ws',
    `for try in $(seq 120); do grep -q '^mise install ended' ${bootstrapLog} && break; sleep 1; done
     stat -c %a ${bootstrapLog}; cat ${bootstrapLog}`,
  );
  assert.match(log, /^600\n/);
  assert.match(log, /^mise install ended with status \d+$/m);
  assert.match(log, /nothing-known-to-mise/);
  await home.systemIsRunning('ws');
});

test('a second workspace has a branch of its own, and no bootstrap where no tools are named', async (t) => {
  const repository = await makeRepository(t);
  for (const text of ['one', 'two', 'three']) {
    writeFileSync(join(repository, 'file'), `${text}\n`);
    await commitAll(repository, text);
  }
  await home.script('ws', `rm ${bootstrapLog}`);
  await prepareWorkspace(repository, '/root/second');
  assert.equal((await guestOutput('/root/second', 'cat', 'file')).toString(), 'two\n');
  const branch = await guestOutput('/root/second', 'git', 'rev-parse', '--abbrev-ref', 'HEAD');
  assert.equal(branch.toString(), 'try-it\n');
  const commits = await guestOutput('/root/second', 'git', 'log', '--format=%s');
  assert.equal(commits.toString(), 'two\none\n');
  assert.equal(await home.script('ws', `ls ${bootstrapLog} 2>/dev/null || echo none`), 'none');
  // The branch is the guest's only, and the first workspace is as it was.
  assert.equal((await git(repository, 'branch', '--list')).toString(), '* main\n');
  assert.match((await guestOutput('/root/repo', 'git', 'log', '--format=%s', '-1')).toString(), /^second/);
});

test('nothing is left', async () => {
  await home.close();
});

/** Prepares a workspace over the bus, as there is no command for a second one yet, and waits for its end. */
async function prepareWorkspace(source: string, guestPath: string): Promise<void> {
  const { bus_address: address } = await home.daemon();
  const { id } = await home.show('ws');
  const call = ['call', 'org.banger.Manager1', `/org/banger/vms/${id}`, 'org.banger.VM1', 'PrepareWorkspace'];
  const options = ['4', 'guest_path', 's', guestPath, 'branch', 's', 'try-it', 'from', 's', 'HEAD~1'];
  const args = [`--address=${address}`, ...call, 'sa{sv}', source, ...options, 'bootstrap', 'b', 'true'];
  const started = await runProgram('busctl', args);
  assert.equal(started.status, 0, started.stderr);
  const job = started.stdout.toString().split('"')[1] ?? '';
  for (let state = 'running'; state === 'running'; ) {
    const asked = ['get-property', 'org.banger.Manager1', job, 'org.banger.Job1', 'State'];
    const { stdout, stderr } = await runProgram('busctl', [`--address=${address}`, ...asked]);
    state = stdout.toString().split('"')[1] ?? stderr;
    assert.ok(state === 'running' || state === 'done', state);
  }
}
