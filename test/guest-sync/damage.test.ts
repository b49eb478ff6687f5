/** What the program does with a damaged archive, a damaged record, and its own sudden end. */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { buildProgram, directory, file, Guest, kept, link, parent, program } from './guest.ts';

const root = join(import.meta.dirname, '..', '..');

before(buildProgram);

const entries = [
  parent('.config'),
  file('.config/a', 'a'.repeat(2000)),
  directory('dir'),
  file(`dir/${'l'.repeat(120)}`, 'b'),
  link('dir/link', 't'.repeat(130)),
  file('old', 'new'),
  kept('left-out'),
];

/** The kind of what is in a tree, and how long it is. */
const kindOf = (what: string) => [what.split(' ', 1)[0], what.length];

/** The program with sanitizers, which end it with another status on the first fault. */
async function sanitized(t: TestContext): Promise<string> {
  const path = join(temporaryDirectory(t), 'sync');
  const sources = globSync('guest/{sync,copy}/*.c', { cwd: root });
  const options = ['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-fsanitize=address,undefined'];
  // What a program that ends anyway has not freed is no fault.
  const noLeaks = ['-fno-sanitize-recover=all', '-fno-sanitize=leak'];
  const args = [...options, ...noLeaks, '-I', 'guest', '-o', path, ...sources];
  await run({ file: 'gcc', args, cwd: root, timeoutMs: 120_000 });
  return path;
}

test('an archive that is cut off anywhere changes nothing, and damage of any byte does no harm', async (t) => {
  const checked = await sanitized(t);
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  t.after(() => delete process.env.ASAN_OPTIONS);
  const guest = new Guest(t);
  await guest.start([file('old', 'old'), file('removed', 'r')]);
  const before = guest.tree();
  const record = readFileSync(join(guest.state, 'record'));
  await guest.start(entries);
  const archive = readFileSync(guest.archive);
  const after = guest.tree();
  const reset = () => {
    for (const path of [guest.root, guest.state]) rmSync(path, { recursive: true, force: true });
    for (const path of [guest.root, guest.state]) mkdirSync(path);
    guest.put('old', 'old', 0o600);
    guest.put('removed', 'r', 0o600);
    writeFileSync(join(guest.state, 'record'), record);
  };
  // Behind the two blocks of zeros that end it there is only filling.
  const end = archive.findLastIndex((byte) => byte !== 0);
  for (let length = 512; length < end; length += 251) {
    reset();
    writeFileSync(guest.archive, archive.subarray(0, length));
    const { status, warnings } = await guest.apply(guest.archive, checked);
    assert.equal(status, 1, String(length));
    assert.match(warnings.join(), /^what the host sent is damaged: /);
    assert.deepEqual(guest.tree(), before, String(length));
  }
  for (let at = 512; at < end; at += 97) {
    reset();
    const damaged = Buffer.from(archive);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    writeFileSync(guest.archive, damaged);
    const { status } = await guest.apply(guest.archive, checked);
    // Headers have a sum; in a content or a long name it is another content or name.
    assert.ok(status === 0 || status === 1, `status ${status} for byte ${at}`);
    const tree = guest.tree();
    if (status === 1) assert.deepEqual(tree, before);
    else assert.deepEqual(Object.values(tree).map(kindOf), Object.values(after).map(kindOf), String(at));
  }
});

test('with a damaged record all counts as the guest’s, and it recovers', async (t) => {
  for (const damage of ['', 'x', 'banger-file-sync 1\nw f 600 1 zz a\0', 'banger-file-sync 1\nno end']) {
    const guest = new Guest(t);
    await guest.start([file('a', 'a'), file('b', 'b'), file('c', 'c')]);
    writeFileSync(join(guest.state, 'record'), damage);
    const warnings = await guest.start([file('a', 'a'), file('b', 'new')]);
    assert.deepEqual(warnings, [
      "what was written before is not known, so that it counts as the guest's: it is damaged",
      '/root/b was changed in the guest and is kept as it is there',
    ]);
    assert.deepEqual(guest.tree(), { a: 'file 600 a', b: 'file 600 b', c: 'file 600 c' });
    assert.deepEqual(await guest.start([file('a', 'newer')]), []);
    assert.equal(guest.tree().a, 'file 600 newer');
  }
});

test('killed while it writes, it leaves whole files, and the next start knows them as its own', async (t) => {
  const sizes = [100, 1000, 10_000, 100_000];
  const all = (text: string) => sizes.map((size) => file(`f${size}`, text.repeat(size)));
  let kills = 0;
  for (const limit of [0, 50, 500, 5_000, 50_000, 200_000]) {
    const guest = new Guest(t);
    await guest.start(all('a'));
    const before = guest.tree();
    await guest.start(all('b'));
    const archive = readFileSync(guest.archive);
    const after = guest.tree();
    await guest.start(all('a'));
    writeFileSync(guest.archive, archive);
    // A write beyond the limit ends it by a signal.
    const words = [guest.archive, '512', guest.root, guest.state, guest.image];
    const args = [`--fsize=${limit}`, program, ...words];
    const { status } = await execute({ file: 'prlimit', args, timeoutMs: 60_000 });
    if (status !== 0) kills++;
    for (const [name, what] of Object.entries(guest.tree())) {
      assert.ok(what === before[name] || what === after[name], `${name} is torn for ${limit}`);
    }
    assert.deepEqual(await guest.start(all('b')), []);
    assert.deepEqual(guest.tree(), after);
    assert.deepEqual(await guest.start([]), []);
    assert.deepEqual(guest.tree(), {}, 'not all of it was known as banger’s');
  }
  assert.equal(kills, 5);
});

test('what cannot be opened is one warning and a status', async (t) => {
  const guest = new Guest(t);
  assert.deepEqual(await guest.apply(join(guest.base, 'absent')), {
    status: 1,
    warnings: [`${guest.base}/absent cannot be read`],
  });
  await guest.start([file('a', 'a')]);
  truncateSync(guest.archive, 0);
  assert.deepEqual(await guest.apply(guest.archive), {
    status: 1,
    warnings: ['what the host sent is damaged: cut off'],
  });
  assert.deepEqual(guest.tree(), { a: 'file 600 a' });
});
