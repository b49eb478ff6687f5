import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { type Seed, writeSeed } from '../../src/vm/seed.ts';

const seed: Seed = {
  hostname: 'sandbox',
  machineId: '0123456789ab4def8123456789abcdef',
  hostKey: { privateKey: 'PRIVATE\nKEY\n', publicKey: 'ssh-ed25519 AAAA root@sandbox' },
  authorizedKeys: ['ssh-ed25519 BBBB one', 'ssh-ed25519 CCCC é'],
  environment: { LANG: 'C.UTF-8', GREETING: `it's "$HOME" = é` },
};

let directory = '';
let path = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banger-seed-'));
  path = join(directory, 'seed.tar');
});

after(() => rm(directory, { recursive: true, force: true }));

test('tar reads the seed', async () => {
  await writeSeed(path, seed);
  const listing = await run({
    file: 'tar',
    args: ['--list', '--verbose', '--utc', '--numeric-owner', '--file', path],
    timeoutMs: 20_000,
    env: { ...process.env, LC_ALL: 'C' },
  });
  assert.deepEqual(
    listing
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      '-rw------- 0/0 41 1970-01-01 00:00 authorized_keys',
      '-rw------- 0/0 12 1970-01-01 00:00 ssh_host_ed25519_key',
      '-rw-r--r-- 0/0 30 1970-01-01 00:00 ssh_host_ed25519_key.pub',
      '-rw-r--r-- 0/0 8 1970-01-01 00:00 hostname',
      '-r--r--r-- 0/0 33 1970-01-01 00:00 machine-id',
      `-rw-r--r-- 0/0 ${Buffer.byteLength(seed.environment.GREETING ?? '') + 23} 1970-01-01 00:00 environment`,
    ],
  );
  const out = join(directory, 'out');
  for (const program of [['tar'], ['busybox', 'tar']]) {
    const [file = '', ...args] = program;
    await run({ file: 'mkdir', args: [out], timeoutMs: 20_000 });
    await run({ file, args: [...args, '-x', '-f', path, '-C', out], timeoutMs: 20_000 });
    const read = (name: string) => readFile(join(out, name), 'utf8');
    assert.equal(await read('authorized_keys'), 'ssh-ed25519 BBBB one\nssh-ed25519 CCCC é\n');
    assert.equal(await read('ssh_host_ed25519_key'), 'PRIVATE\nKEY\n');
    assert.equal(await read('ssh_host_ed25519_key.pub'), 'ssh-ed25519 AAAA root@sandbox\n');
    assert.equal(await read('hostname'), 'sandbox\n');
    assert.equal(await read('machine-id'), '0123456789ab4def8123456789abcdef\n');
    assert.equal(await read('environment'), `LANG=C.UTF-8\nGREETING=it's "$HOME" = é\n`);
    await rm(out, { recursive: true });
  }
});

test('the file is private, long enough for a block device, and the same for the same seed', async () => {
  await writeSeed(path, seed);
  const first = await readFile(path);
  const { mode, size } = await stat(path);
  assert.equal(mode & 0o777, 0o600);
  assert.ok(size >= 10_240 && size % 512 === 0, String(size));
  await writeSeed(path, seed);
  assert.deepEqual(await readFile(path), first);
  const long = { ...seed, authorizedKeys: Array.from({ length: 500 }, (_, i) => `ssh-ed25519 AAAA ${i}`) };
  await writeSeed(path, long);
  assert.equal((await stat(path)).size % 512, 0);
  const args = ['--extract', '--to-stdout', '--file', path, 'authorized_keys'];
  const keys = await run({ file: 'tar', args, timeoutMs: 20_000 });
  assert.equal(keys, long.authorizedKeys.map((key) => `${key}\n`).join(''));
});

test('what an interrupted write left does no harm', async () => {
  await writeFile(`${path}.new`, 'rest', { mode: 0o644 });
  await writeSeed(path, seed);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['seed.tar']);
});

test('what no line holds is refused, and the last seed stays', async () => {
  await writeSeed(path, seed);
  const last = await readFile(path);
  for (const change of [
    { authorizedKeys: ['ssh-ed25519 AAAA\ncommand="evil" ssh-ed25519 BBBB'] },
    { hostname: 'a\nb' },
    { environment: { A: 'b\nPATH=/evil' } },
    { environment: { 'A=B': 'c' } },
    { environment: { '': 'c' } },
  ]) {
    await assert.rejects(writeSeed(path, { ...seed, ...change }), { code: 'InvalidArgs' });
  }
  assert.deepEqual(await readFile(path), last);
});

test("the user's files are a second archive behind the seed, which tar does not see", async () => {
  await writeSeed(path, seed);
  const alone = await readFile(path);
  async function* files() {
    yield { kind: 'directory', name: 'root/d', mode: 0o755 } as const;
    yield { kind: 'file', name: 'root/d/a', mode: 0o600, content: 'x'.repeat(20_000) } as const;
  }
  const { filesAt } = await writeSeed(path, seed, files());
  const both = await readFile(path);
  assert.equal(filesAt, alone.length);
  assert.deepEqual(both.subarray(0, filesAt), alone);
  const second = join(directory, 'second.tar');
  await writeFile(second, both.subarray(filesAt));
  const list = (file: string) => run({ file: 'tar', args: ['--list', '--file', file], timeoutMs: 20_000 });
  assert.equal(await list(second), 'root/d/\nroot/d/a\n');
  assert.doesNotMatch(await list(path), /root/);
  await rm(second);
});

test('a file that cannot be read leaves the last seed and nothing else', async () => {
  await writeSeed(path, seed);
  const last = await readFile(path);
  async function* files() {
    yield { kind: 'file', name: 'root/a', mode: 0o600, content: 'secret' } as const;
    throw new Error('unreadable');
  }
  await assert.rejects(writeSeed(path, seed, files()), /unreadable/);
  assert.deepEqual(await readFile(path), last);
  assert.deepEqual(await readdir(directory), ['seed.tar']);
});

test('a directory that cannot be written is reported', async () => {
  await assert.rejects(writeSeed(join(directory, 'absent', 'seed.tar'), seed), { code: 'ENOENT' });
});
