/** One command in a sandbox: its status, its arguments, its streams, and that `--rm` leaves nothing. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGuestHome } from '../support/guest-home.ts';
import type { Ended } from '../support/program.ts';
import { commitAll, makeRepository } from '../support/repository.ts';

const home = await openGuestHome();
/** How much of the log is of before. */
const logged = home.log().length;
/** The end of a command that killed itself. */
let signalled: Ended | undefined;

test('vm run --rm runs a command on a repository and leaves nothing', async (t) => {
  const repository = await makeRepository(t);
  writeFileSync(join(repository, 'hello'), 'from the host\n');
  await commitAll(repository, 'first');
  const script = 'uname -r; pwd; cat hello; cat; echo apart >&2; exit 42';
  const { status, stdout, stderr } = await home.run(
    ['vm', 'run', '--rm', repository, '--', 'sh', '-c', script],
    {
      input: 'from stdin\n',
    },
  );
  assert.equal(status, 42, stderr);
  const [kernel, ...others] = stdout.toString().split('\n');
  assert.notEqual(kernel, release(), 'it is the kernel of the host');
  assert.match(kernel ?? '', /^\d+\.\d+\.\d+.*-cloud-amd64$/);
  assert.deepEqual(others, ['/root/repo', 'from the host', 'from stdin', '']);
  assert.match(stderr, /^spec: \d+ vcpu · \d+ MiB · 8G disk\n/);
  assert.match(stderr, /^apart$/m);
  assert.deepEqual(await home.names(), []);
});

test('vm run --branch --from starts the branch at the given commit', async (t) => {
  const repository = await makeRepository(t);
  for (const text of ['one', 'two', 'three']) {
    writeFileSync(join(repository, 'file'), `${text}\n`);
    await commitAll(repository, text);
  }
  writeFileSync(join(repository, '.tool-versions'), 'nothing-known-to-mise 1.0\n');
  const log = '/root/.cache/banger/mise-bootstrap.log';
  const script = `git rev-parse --abbrev-ref HEAD; git log --format=%s; cat file; ls ${log} 2>&1; kill -9 $$`;
  const options = ['--rm', '--branch', 'feature/x', '--from', 'HEAD~1'];
  signalled = await home.run(['vm', 'run', ...options, repository, '--', 'sh', '-c', script]);
  const [branch, last, first, file, tools] = signalled.stdout.toString().split('\n');
  assert.deepEqual([branch, last, first, file], ['feature/x', 'two', 'one', 'two'], signalled.stderr);
  assert.match(tools ?? '', /No such file/, 'a command was given tools that it did not ask for');
});

test('vm run --rm exits with 128+n for a command that a signal killed, and leaves nothing', async () => {
  assert.equal(signalled?.status, 137, signalled?.stderr);
  assert.deepEqual(await home.names(), []);
});

test('vm run creates no VM for arguments that are wrong', async (t) => {
  const outside = await home.run(['vm', 'run', '--rm', '/', '--', 'true']);
  assert.equal(outside.status, 125);
  assert.match(outside.stderr, /not inside a git checkout/);
  const repository = await makeRepository(t);
  const revision = await home.run([
    'vm',
    'run',
    '--branch',
    'x',
    '--from',
    'nowhere',
    repository,
    '--',
    'true',
  ]);
  assert.equal(revision.status, 2);
  assert.match(revision.stderr, /no revision nowhere/);
  assert.deepEqual(await home.names(), []);
});

test('without --rm the VM stays, and its name can be given once', async (t) => {
  const began = performance.now();
  const { status, stderr } = await home.run(['vm', 'run', '--name', 'kept', '--', 'touch', '/root/here']);
  assert.equal(status, 0, stderr);
  t.diagnostic(`vm run took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  assert.match(stderr, /kept/, 'nothing reminds of the VM that runs');
  assert.equal((await home.show('kept')).state, 'running');
  assert.equal(await home.guest('kept', 'ls', '/root/here'), '/root/here\n');
  const again = await home.run(['vm', 'create', '--name', 'kept']);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /kept/);
  assert.deepEqual(await home.names(), ['kept']);
});

test('every exit status arrives as it is', async () => {
  const scripts: [string, number][] = [
    ['exit 0', 0],
    ['exit 1', 1],
    ['exit 42', 42],
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -9 $$', 137],
    ['kill -HUP $$', 129],
  ];
  for (const [script, expected] of scripts) {
    const { status, stderr } = await home.run(['vm', 'exec', 'kept', '--', 'sh', '-c', script]);
    assert.equal(status, expected, `${script}: ${stderr}`);
  }
  const missing = await home.run(['vm', 'exec', 'kept', '--', 'no-such-program-here']);
  assert.equal(missing.status, 127, missing.stderr);
  const noDirectory = await home.run(['vm', 'exec', 'kept', '--cwd', '/nowhere', '--', 'true']);
  assert.equal(noDirectory.status, 125, noDirectory.stderr);
});

test('arguments arrive exactly as given', async () => {
  const sent = [
    'with space',
    '  around  ',
    "it's",
    '"double"',
    `both ' and "`,
    '$HOME \x24{PATH} $(id) `id` $$ $',
    'back\\slash \\\\ \\n \\',
    "\\'",
    '* ? [a-z] ~ {a,b} !! !x',
    'line\nbreak\n',
    '\n',
    '\ttab\r',
    '',
    '-n',
    '--',
    '; & | < > ( ) #',
    '%s %% \\0',
    'grüße 日本 🙂',
    '\x01\x1b[31m\x7f',
    '',
  ];
  const { status, stdout, stderr } = await home.run(['vm', 'exec', 'kept', '--', 'printf', '%s\\0', ...sent]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.toString('utf8').split('\0').slice(0, -1), sent);
});

test('50 MB of random bytes go in and out unchanged, at the same time', async () => {
  const bytes = randomBytes(50_000_000);
  const { status, stdout, stderr } = await home.run(['vm', 'exec', 'kept', '--', 'tee', '/root/blob'], {
    input: bytes,
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.length, bytes.length);
  assert.ok(stdout.equals(bytes), 'the bytes that came back differ');
  const sum = createHash('sha256').update(bytes).digest('hex');
  assert.equal(await home.guest('kept', 'sha256sum', '/root/blob'), `${sum}  /root/blob\n`);
});

test('stdout and stderr stay apart, and nothing is added to either', async () => {
  const script = 'echo out1; echo err1 >&2; echo out2; echo err2 >&2';
  const { stdout, stderr } = await home.run(['vm', 'exec', 'kept', '--', 'sh', '-c', script]);
  assert.equal(stdout.toString(), 'out1\nout2\n');
  assert.equal(stderr, 'err1\nerr2\n');
});

test('a VM that runs is not deleted by accident', async () => {
  const refused = await home.run(['vm', 'delete', '--yes', 'kept']);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /--force/);
  assert.equal(await home.guest('kept', 'ls', '/root/here'), '/root/here\n');
});

test('each of these VMs came up at the first attempt', () => {
  // What the log says when a guest was not ready in time.
  assert.doesNotMatch(home.log().slice(logged), /starting it once more/);
});

test('nothing is left', async () => {
  await home.close();
});
