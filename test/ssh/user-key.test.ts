import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';
import { ensureUserKey } from '../../src/ssh/user-key.ts';

let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banger-user-key-'));
});

after(() => rm(directory, { recursive: true, force: true }));

async function keygen(name: string, passphrase: string, type = 'ed25519'): Promise<string> {
  const file = join(directory, name);
  await run({
    file: 'ssh-keygen',
    args: ['-q', '-t', type, '-N', passphrase, '-C', 'me', '-f', file],
    timeoutMs: 20_000,
  });
  return file;
}

test('a key is made once, private, and found again', async () => {
  const config = join(directory, 'once');
  const key = await ensureUserKey(config);
  assert.equal(key.privateKeyFile, join(config, 'ssh', 'id_ed25519'));
  assert.match(key.publicKey, /^ssh-ed25519 [A-Za-z0-9+/]+ banger$/);
  assert.equal((await stat(key.privateKeyFile)).mode & 0o777, 0o600);
  assert.equal((await stat(join(config, 'ssh'))).mode & 0o777, 0o700);
  assert.equal(await readFile(`${key.privateKeyFile}.pub`, 'utf8'), `${key.publicKey}\n`);
  assert.deepEqual(await ensureUserKey(config), key);
  await rm(`${key.privateKeyFile}.pub`);
  assert.deepEqual(await ensureUserKey(config), key);
});

test('processes that are first at once get one key', async () => {
  const config = join(directory, 'race');
  const script = `import(${JSON.stringify(join(import.meta.dirname, '../../src/ssh/user-key.ts'))})
    .then((m) => m.ensureUserKey(${JSON.stringify(config)})).then((key) => console.log(key.publicKey))`;
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () =>
      execute({ file: process.execPath, args: ['-e', script], timeoutMs: 60_000 }),
    ),
  );
  const keys = new Set(outcomes.map(({ stdout }) => stdout));
  assert.deepEqual([...keys], [await readFile(join(config, 'ssh', 'id_ed25519.pub'), 'utf8')]);
  assert.deepEqual((await readdir(join(config, 'ssh'))).sort(), ['id_ed25519', 'id_ed25519.pub']);
});

test('a configured key is used, whatever its type', async () => {
  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    const file = await keygen(`plain-${type}`, '', type);
    const publicKey = (await readFile(`${file}.pub`, 'utf8')).trim();
    assert.deepEqual(await ensureUserKey(directory, file), { privateKeyFile: file, publicKey });
    await rm(`${file}.pub`);
    assert.equal((await ensureUserKey(directory, file)).publicKey.split(' ')[1], publicKey.split(' ')[1]);
  }
});

test('an encrypted key needs its public half', async () => {
  const file = await keygen('encrypted', 'secret');
  const publicKey = (await readFile(`${file}.pub`, 'utf8')).trim();
  assert.deepEqual(await ensureUserKey(directory, file), { privateKeyFile: file, publicKey });
  await writeFile(`${file}.pub`, 'not a key\n');
  await assert.rejects(ensureUserKey(directory, file), {
    code: 'InvalidConfig',
    message: /encrypted.*ssh-keygen -y/,
  });
  await rm(`${file}.pub`);
  await assert.rejects(ensureUserKey(directory, file), {
    code: 'InvalidConfig',
    message: /encrypted.*ssh-keygen -y/,
  });
});

test('what is no private key is refused with its reason', async () => {
  const refused = (path: string, message: RegExp) =>
    assert.rejects(ensureUserKey(directory, path), { code: 'InvalidConfig', message });
  await refused(join(directory, 'absent'), /absent does not exist/);
  await mkdir(join(directory, 'folder'));
  await refused(join(directory, 'folder'), /is not a file/);
  const text = join(directory, 'text');
  await writeFile(text, 'hello\n', { mode: 0o600 });
  await refused(text, /is not an OpenSSH private key/);
  const damaged = await keygen('damaged', '');
  await writeFile(damaged, (await readFile(damaged, 'utf8')).slice(0, 200), { mode: 0o600 });
  await refused(damaged, /is not an OpenSSH private key/);
  const file = await keygen('open', '');
  const half = join(directory, 'half');
  await copyFile(`${file}.pub`, half);
  await chmod(half, 0o600);
  await refused(half, /is a public key; give the private one/);
  await chmod(file, 0o644);
  await refused(file, /can be read by other users; run `chmod 600 /);
  await chmod(file, 0o600);
  assert.ok(await ensureUserKey(directory, file));
});

test('a key that was used before is judged again: its mode, and whether it is another', async () => {
  const file = await keygen('again', '');
  const first = await ensureUserKey(directory, file);
  assert.deepEqual(await ensureUserKey(directory, file), first);
  await chmod(file, 0o644);
  await assert.rejects(ensureUserKey(directory, file), { code: 'InvalidConfig', message: /chmod 600/ });
  const other = await keygen('another', '');
  await copyFile(other, file);
  await chmod(file, 0o600);
  const replaced = await ensureUserKey(directory, file);
  assert.equal(replaced.publicKey, (await readFile(`${other}.pub`, 'utf8')).trim());
});
