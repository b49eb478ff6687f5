/** What is odd or wrong about a repository, a guest or its kernel, and what banger makes of it with real guests. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertOneLine, shown, tellCount } from '../bad-input/support.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { withoutPrograms } from '../support/namespace.ts';
import { type Ended, runProgram, until } from '../support/program.ts';
import { commitAll, git, makeRepository } from '../support/repository.ts';

const home = await openGuestHome();
const small = ['--vcpu', '1', '--memory', '512M'];
const prepareProgram = join(import.meta.dirname, 'support/prepare.ts');
const MiB = 1024 ** 2;

function prepare(source: string, guestPath: string): Promise<Ended> {
  return runProgram(process.execPath, [prepareProgram, 'bad', source, guestPath], { env: home.env });
}

/** Prepares a workspace, which must succeed. */
async function prepared(source: string, guestPath: string): Promise<void> {
  const { status, stderr } = await prepare(source, guestPath);
  assert.equal(status, 0, stderr);
}

/** Prepares a workspace, which must be refused in one line and leave nothing in the guest. */
async function refused(source: string, guestPath: string, says: RegExp, status = 1): Promise<void> {
  const before = await rootOfGuest();
  assertOneLine(await prepare(source, guestPath), { args: ['workspace', guestPath], status, says });
  assert.equal(await rootOfGuest(), before);
}

function rootOfGuest(): Promise<string> {
  return home.script('bad', 'ls -A /root');
}

async function guestGit(directory: string, ...args: string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await home.run([
    'vm',
    'exec',
    'bad',
    '--',
    'git',
    '-C',
    directory,
    ...args,
  ]);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A repository of many small files, in directories of a thousand. */
async function makeManyFiles(t: TestContext, count: number): Promise<string> {
  const repository = await makeRepository(t);
  for (let number = 0; number < count; number++) {
    const directory = join(repository, `d${Math.floor(number / 1000)}`);
    if (number % 1000 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${number}`), `file ${number}\n`);
  }
  await commitAll(repository, 'many files');
  return repository;
}

async function assertManyFiles(directory: string, count: number): Promise<void> {
  assert.equal(await home.script('bad', `git -C ${directory} ls-files | wc -l`), String(count));
  assert.equal((await guestGit(directory, 'diff-files', '--name-only')).toString(), '');
}

test('vm run with 10,000 files and a detached HEAD, which stays detached', async (t) => {
  const repository = await makeManyFiles(t, 10_000);
  await git(repository, 'checkout', '--quiet', '--detach');
  const began = performance.now();
  const { status, stderr } = await home.run(['vm', 'run', '--detach', '--name', 'bad', ...small, repository]);
  t.diagnostic(`vm run with 10,000 files: ${seconds(began)} s`);
  assert.equal(status, 0, stderr);
  await home.show('bad');
  await assertManyFiles('/root/repo', 10_000);
  await guestGit('/root/repo', 'fsck', '--full', '--strict');
  assert.equal((await guestGit('/root/repo', 'rev-parse', '--abbrev-ref', 'HEAD')).toString(), 'HEAD\n');
  const head = await git(repository, 'rev-parse', 'HEAD');
  assert.deepEqual(await guestGit('/root/repo', 'rev-parse', 'HEAD'), head);
  shown();
  shown();
});

/** BANGER_MANY_FILES is for more than every run has time for. */
const manyFiles = Number(process.env.BANGER_MANY_FILES ?? 20_000);

test('a workspace of many more files', async (t) => {
  const repository = await makeManyFiles(t, manyFiles);
  const began = performance.now();
  await prepared(repository, '/root/many');
  t.diagnostic(`a workspace of ${manyFiles} files: ${seconds(began)} s`);
  await assertManyFiles('/root/many', manyFiles);
  shown();
});

test('a repository without a commit, a bare one, one with submodules, and none', async (t) => {
  const repository = await makeRepository(t);
  await prepared(repository, '/root/empty');
  const branch = await guestGit('/root/empty', 'symbolic-ref', 'HEAD');
  assert.equal(branch.toString(), 'refs/heads/main\n');
  shown();
  writeFileSync(join(repository, 'file'), '');
  await commitAll(repository, 'one');

  const bare = join(repository, '../bare.git');
  await git(repository, 'clone', '--quiet', '--bare', '.', bare);
  await refused(bare, '/root/bare', /is a bare repository, which has no files to copy; clone it/);

  const withModule = await makeRepository(t);
  const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', repository, 'module'];
  await git(withModule, ...add);
  await commitAll(withModule, 'a module');
  await refused(withModule, '/root/module', /has submodules \("module"\), which cannot be copied; /);

  await refused('/', '/root/none', /is not inside a git checkout; run `git init`/);
  await refused(join(repository, 'nope'), '/root/none', /does not exist; give the directory/, 2);
  await refused(repository, '/root/repo', /\/root\/repo in the guest is not empty; move it away there/);
});

test('a pipe for which git waits holds up its job alone, and cancelling frees the VM', async (t) => {
  const repository = await makeRepository(t);
  await runProgram('mkfifo', [join(repository, '.gitignore')]);
  const { bus_address: address } = await home.daemon();
  const { id } = await home.show('bad');
  const bus = (...args: string[]) => runProgram('busctl', [`--address=${address}`, ...args]);
  const vm = ['org.banger.Manager1', `/org/banger/vms/${id}`, 'org.banger.VM1'];
  const options = ['sa{sv}', repository, '1', 'guest_path', 's', '/root/pipe'];
  const called = await bus('call', ...vm, 'PrepareWorkspace', ...options);
  const job = called.stdout.toString().split('"')[1];
  assert.ok(job, called.stderr);
  const jobCall = ['org.banger.Manager1', job, 'org.banger.Job1'];
  const property = async (name: string) => (await bus('get-property', ...jobCall, name)).stdout.toString();
  // Longer than git takes for a repository in which nothing waits.
  await sleep(3_000);
  const latencies: number[] = [];
  for (let call = 0; call < 20; call++) {
    const began = performance.now();
    const listed = await bus(
      'call',
      'org.banger.Manager1',
      '/org/banger/Manager1',
      'org.banger.Manager1',
      'ListVMs',
    );
    assert.equal(listed.status, 0, listed.stderr);
    latencies.push(performance.now() - began);
  }
  t.diagnostic(`ListVMs by busctl meanwhile: ${Math.round(latencies.toSorted((a, b) => a - b)[10] ?? 0)} ms`);
  assert.equal(await home.guest('bad', 'echo', 'served'), 'served\n');
  assert.match(await property('State'), /running/);
  await bus('call', ...jobCall, 'Cancel');
  await until('the job is cancelled', async () => /cancelled/.test(await property('State')));
  rmSync(join(repository, '.gitignore'));
  await prepared(repository, '/root/pipe');
  shown();
});

test('names and kinds of files that are odd', async (t) => {
  const repository = await makeRepository(t);
  const names = ['new\nline', '-rf', '--', ' ', '\\', '"', '$(id)', '*', '\u001b[31m', 'x'.repeat(255)].map(
    (name) => Buffer.from(name),
  );
  names.push(Buffer.from([0xff, 0xfe]), Buffer.from([0xc3, 0x28]), Buffer.from('é'.repeat(127)));
  const put = (name: Buffer) => writeFileSync(Buffer.concat([Buffer.from(`${repository}/`), name]), name);
  for (const name of names.slice(0, 6)) put(name);
  writeFileSync(join(repository, 'pipe'), 'a file at first');
  symlinkSync('loop', join(repository, 'loop'));
  symlinkSync('there', join(repository, 'here'));
  symlinkSync('here', join(repository, 'there'));
  symlinkSync('.', join(repository, 'self'));
  await commitAll(repository, 'odd');
  for (const name of names.slice(6)) put(name);
  // Whoever opened these would wait for a writer for ever.
  rmSync(join(repository, 'pipe'));
  for (const name of ['pipe', 'untracked pipe']) await runProgram('mkfifo', [join(repository, name)]);

  await prepared(repository, '/root/odd');
  for (const args of [
    ['ls-files', '-z', '--others'],
    ['ls-files', '-z', '--stage'],
  ]) {
    assert.deepEqual(await guestGit('/root/odd', ...args), await git(repository, ...args));
  }
  // The pipe is not copied, and git tells; all else is as it was.
  assert.equal((await guestGit('/root/odd', 'status', '--porcelain', '-uno')).toString(), ' D pipe\n');
  assert.equal(
    await home.script('bad', 'cd /root/odd; readlink loop here there self'),
    'loop\nthere\nhere\n.',
  );
  await guestGit('/root/odd', 'fsck', '--full', '--strict');
  for (let left = names.length + 6; left > 0; left--) shown();
});

test('files that change, grow, shrink and vanish, and commits that are made, while they are copied', async (t) => {
  const repository = await makeRepository(t);
  const kinds = ['changes', 'grows', 'shrinks', 'vanishes', 'becomes-a-directory', 'becomes-a-link'];
  const at = (name: string) => join(repository, name);
  const original = randomBytes(MiB);
  for (const kind of kinds) writeFileSync(at(kind), original);
  writeFileSync(at('a-large-one'), randomBytes(12 * MiB));
  await commitAll(repository, 'first');

  let ended = false;
  const churn = (async () => {
    for (let turn = 0; !ended; turn++) {
      writeFileSync(at('changes'), randomBytes(MiB));
      appendFileSync(at('grows'), randomBytes(64 * 1024));
      if (turn % 2 === 0) writeFileSync(at('shrinks'), original);
      else truncateSync(at('shrinks'), 1000);
      for (const kind of kinds.slice(3)) rmSync(at(kind), { recursive: true, force: true });
      if (turn % 2 === 0) for (const kind of kinds.slice(3)) writeFileSync(at(kind), original);
      else {
        mkdirSync(at('becomes-a-directory'));
        writeFileSync(at('becomes-a-directory/file'), '');
        symlinkSync('/etc/passwd', at('becomes-a-link'));
      }
      await git(repository, 'commit', '--quiet', '--allow-empty', '--message', `turn ${turn}`);
      await sleep(5);
    }
  })();
  try {
    await prepared(repository, '/root/busy');
  } finally {
    ended = true;
    await churn;
  }
  await guestGit('/root/busy', 'fsck', '--full', '--strict');
  // Whatever the files were caught as, what was committed is whole.
  await guestGit('/root/busy', 'reset', '--quiet', '--hard');
  assert.equal((await guestGit('/root/busy', 'status', '--porcelain', '-uno')).toString(), '');
  const sums = (await home.script('bad', 'cd /root/busy; sha256sum grows changes shrinks vanishes')).split(
    '\n',
  );
  assert.equal(new Set(sums.map((line) => line.split(' ')[0])).size, 1, sums.join('\n'));
  for (const _ of kinds) shown();
  await home.script('bad', 'rm -r /root/busy');
});

test('a guest without room: a workspace and a copy are refused, and leave nothing', async (t) => {
  const repository = await makeRepository(t);
  writeFileSync(join(repository, 'large'), randomBytes(24 * MiB));
  await home.script(
    'bad',
    // What is kept for root is filled by writing, and 8 MiB of it given back.
    `fallocate -l $(df --output=avail -B1 /root | tail -n 1) /root/filler
     dd if=/dev/zero of=/root/rest bs=1M 2>/dev/null || truncate -s -8M /root/rest
     sync`,
  );
  const large = join(repository, 'large');
  await refused(
    repository,
    '/root/full',
    /the guest's disk is too small for the workspace; use a VM with a larger/,
  );
  const copied = await home.run(['vm', 'cp', large, 'bad:/root/copy']);
  assertOneLine(copied, { args: ['vm', 'cp'], status: 1, says: /No space left|is full|no room/ });
  assert.doesNotMatch(await rootOfGuest(), /copy|full|\.banger/);
  await home.script('bad', 'rm /root/filler /root/rest');
  await prepared(repository, '/root/full');
  assert.equal(await home.script('bad', 'stat -c %s /root/full/large'), String(24 * MiB));
});

test('a kernel that is damaged: the start fails in one line, and the VM is kept', async () => {
  assert.equal((await home.run(['vm', 'create', '--no-start', '--name', 'damaged', ...small])).status, 0);
  const [kernel] = JSON.parse(await home.banger('kernel', 'list', '--json'));
  const directory = join(home.paths.state, 'kernels', kernel.id);
  const garbage = randomBytes(MiB);
  for (const [file, content, says] of [
    ['vmlinux', undefined, /vmlinux.*; /],
    ['vmlinux', garbage, /; /],
    ['vmlinux', '', /; /],
    ['initrd.cpio', undefined, /initrd\.cpio; remove it and pull it again/],
    [
      'initrd.cpio',
      garbage,
      /the guest's kernel panicked before the guest was ready: .*Kernel panic.*; read its console in /,
    ],
  ] as const) {
    const path = join(directory, file);
    renameSync(path, `${path}.kept`);
    try {
      if (content !== undefined) writeFileSync(path, content);
      const started = await home.run(['vm', 'start', 'damaged']);
      assertOneLine(started, { args: ['vm', 'start', file, String(content?.length)], status: 1, says });
    } finally {
      renameSync(`${path}.kept`, path);
    }
    const { state, last_error: lastError } = await home.show('damaged');
    assert.notEqual(state, 'running');
    assert.match(String(lastError), /\S/);
  }
  await home.banger('vm', 'delete', '--yes', 'damaged');
});

test('two creates of one name at once, where slirp4netns is missing: one wins, with a note', async () => {
  // The daemon that they start is without it, too.
  await home.banger('daemon', 'stop');
  // Only QEMU has a network without a namespace.
  rmSync(home.configFile, { force: true });
  const empty = join(home.directories[1], 'empty');
  mkdirSync(empty);
  home.prefix = withoutPrograms(empty, 'slirp4netns');
  let both: Ended[];
  try {
    const create = () => home.run(['vm', 'create', '--name', 'twin', ...small]);
    both = await Promise.all([create(), create()]);
  } finally {
    home.prefix = [];
    home.configure();
  }
  const [winner, loser] = both.toSorted((one, other) => one.status - other.status);
  assert.ok(winner && loser);
  assert.equal(winner.status, 0, winner.stderr);
  assert.match(winner.stderr, /^note: twin: the network of this VM is not confined to a namespace/m);
  shown();
  assertOneLine(loser, { args: ['vm', 'create'], status: 1, says: /a VM named twin exists; choose another/ });
  assert.deepEqual(await home.names(), ['bad', 'twin']);
  assert.equal((await home.show('twin')).network, 'user-unconfined');
  assert.equal(await home.guest('twin', 'hostname'), 'twin\n');
  await home.banger('daemon', 'stop');
});

test('nothing is left', async () => {
  await home.close();
});

test('the count of cases', (t) => tellCount(t));

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
