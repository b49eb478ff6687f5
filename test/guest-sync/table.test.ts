/** Every row of the table in docs/file-sync.md, by the trees before and after. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { buildProgram, directory, file, Guest, kept, link, parent } from './guest.ts';

before(buildProgram);

const changed = (name: string) => `/root/${name} was changed in the guest and is kept as it is there`;
const forgotten = (name: string) =>
  `/root/${name} is configured no longer; it was changed in the guest and is kept`;

test('what is absent is written, with its mode, in directories made for it', async (t) => {
  const guest = new Guest(t);
  const entries = [
    file('.gitconfig', 'name = me\n'),
    parent('.config'),
    parent('.config/tool'),
    file('.config/tool/run.sh', '#!/bin/sh\n', 0o755),
    directory('.aws', 0o750),
    file('.aws/empty', '', 0o444),
    link('.aws/latest', '../nowhere/config'),
    directory('.aws/sub', 0o700),
    file(`.aws/sub/${'long'.repeat(40)}`, 'long', 0o640),
  ];
  assert.deepEqual(await guest.start(entries), []);
  const first = guest.tree();
  assert.deepEqual(first, {
    '.aws': 'directory 750',
    '.aws/empty': 'file 444 ',
    '.aws/latest': 'link ../nowhere/config',
    '.aws/sub': 'directory 700',
    [`.aws/sub/${'long'.repeat(40)}`]: 'file 640 long',
    '.config': 'directory 700',
    '.config/tool': 'directory 700',
    '.config/tool/run.sh': 'file 755 #!/bin/sh\n',
    '.gitconfig': 'file 600 name = me\n',
  });
  assert.equal(statSync(join(guest.state, 'record')).mode & 0o777, 0o600);
  assert.equal(statSync(guest.state).mode & 0o777, 0o700);

  // A second start with the same files touches nothing, not even the record.
  const before = [lstatSync(join(guest.root, '.gitconfig')), lstatSync(join(guest.state, 'record'))];
  assert.deepEqual(await guest.start(entries), []);
  const after = [lstatSync(join(guest.root, '.gitconfig')), lstatSync(join(guest.state, 'record'))];
  assert.deepEqual(guest.tree(), first);
  assert.deepEqual(
    after.map(({ ino, ctimeMs }) => [ino, ctimeMs]),
    before.map(({ ino, ctimeMs }) => [ino, ctimeMs]),
  );
});

test("what banger wrote follows the host, and a file of the image's is taken over", async (t) => {
  const guest = new Guest(t);
  guest.ship('.bashrc', '# of the image\n');
  guest.ship('.profile', '# of the image\n');
  guest.put('.profile', '# edited\n');
  assert.deepEqual(await guest.start([file('.bashrc', '# mine\n'), file('.profile', '# mine\n')]), [
    changed('.profile'),
  ]);
  assert.deepEqual(guest.tree(), { '.bashrc': 'file 600 # mine\n', '.profile': 'file 644 # edited\n' });
  assert.deepEqual(await guest.start([file('.bashrc', '# newer\n', 0o640)]), []);
  assert.deepEqual(guest.tree(), { '.bashrc': 'file 640 # newer\n', '.profile': 'file 644 # edited\n' });
});

test('an edit in the guest is kept, and is a conflict until either side matches', async (t) => {
  const guest = new Guest(t);
  await guest.start([file('a', 'one')]);
  guest.put('a', 'edited');
  for (const content of ['one', 'two', 'two']) {
    assert.deepEqual(await guest.start([file('a', content)]), [changed('a')]);
    assert.deepEqual(guest.tree(), { a: 'file 644 edited' });
  }
  // The guest goes back to what banger wrote.
  guest.put('a', 'one');
  assert.deepEqual(await guest.start([file('a', 'two')]), []);
  assert.deepEqual(guest.tree(), { a: 'file 600 two' });
  // The host comes to what the guest has. From then on it follows the host again.
  guest.put('a', 'three', 0o640);
  assert.deepEqual(await guest.start([file('a', 'three')]), []);
  assert.deepEqual(guest.tree(), { a: 'file 640 three' });
  assert.deepEqual(await guest.start([file('a', 'four')]), []);
  assert.deepEqual(guest.tree(), { a: 'file 600 four' });
  // What the guest has no more is written again.
  rmSync(join(guest.root, 'a'));
  assert.deepEqual(await guest.start([file('a', 'four')]), []);
  assert.deepEqual(guest.tree(), { a: 'file 600 four' });
});

test('a mode is put right where banger wrote the file, and only there', async (t) => {
  const guest = new Guest(t);
  guest.put('theirs', 'same', 0o644);
  guest.put('their directory/a', 'a', 0o644);
  const entries = [
    file('theirs', 'same'),
    file('ours', 'same'),
    directory('our directory', 0o750),
    directory('their directory', 0o700),
  ];
  await guest.start(entries);
  chmodSync(join(guest.root, 'ours'), 0o666);
  chmodSync(join(guest.root, 'our directory'), 0o777);
  assert.deepEqual(await guest.start(entries), []);
  assert.deepEqual(guest.tree(), {
    'our directory': 'directory 750',
    ours: 'file 600 same',
    'their directory': 'directory 755',
    'their directory/a': 'file 644 a',
    theirs: 'file 644 same',
  });
  assert.deepEqual(guest.record(), ['w d 750 our directory', 'w f 600 ours', 'a f 600 theirs']);
});

test('what is configured no longer goes if it is unchanged, with directories that are empty then', async (t) => {
  const guest = new Guest(t);
  guest.put('theirs', 'same');
  const all = [
    file('unchanged', 'a'),
    file('edited', 'a'),
    file('chmodded', 'a'),
    file('replaced by a directory', 'a'),
    file('theirs', 'same'),
    parent('made'),
    parent('made/for'),
    file('made/for/it', 'a'),
    directory('whole'),
    file('whole/a', 'a'),
    link('whole/link', 'a'),
    directory('partly'),
    file('partly/a', 'a'),
    file('stays', 'a'),
  ];
  await guest.start(all);
  guest.put('edited', 'edited');
  chmodSync(join(guest.root, 'chmodded'), 0o755);
  rmSync(join(guest.root, 'replaced by a directory'));
  mkdirSync(join(guest.root, 'replaced by a directory'));
  guest.put('partly/of the guest', 'b');
  assert.deepEqual((await guest.start([file('stays', 'a')])).sort(), [
    forgotten('chmodded'),
    forgotten('edited'),
  ]);
  assert.deepEqual(guest.tree(), {
    chmodded: 'file 755 a',
    edited: 'file 644 edited',
    partly: 'directory 755',
    'partly/of the guest': 'file 644 b',
    'replaced by a directory': 'directory 755',
    stays: 'file 600 a',
    theirs: 'file 644 same',
  });
  // It was said once, and is forgotten.
  assert.deepEqual(await guest.start([file('stays', 'a')]), []);
  assert.deepEqual(guest.record(), ['w f 600 stays']);
  assert.deepEqual(await guest.start(), []);
  assert.equal(guest.tree().stays, undefined);
  assert.equal(existsSync(join(guest.state, 'record')), false);
});

test('what was left out on the host stays in the guest and on record', async (t) => {
  const guest = new Guest(t);
  const all = [
    parent('.config'),
    directory('.config/tool'),
    file('.config/tool/a', 'a'),
    file('.config/tool/b', 'b'),
    file('.config/tool-2', 'c'),
  ];
  await guest.start(all);
  const whole = guest.tree();
  assert.deepEqual(await guest.start([kept('.config/tool'), kept('.config/tool-2')]), []);
  assert.deepEqual(guest.tree(), whole);
  const some = [parent('.config'), directory('.config/tool'), kept('.config/tool/b')];
  assert.deepEqual(await guest.start(some), []);
  const { '.config/tool/a': _, '.config/tool-2': __, ...rest } = whole;
  assert.deepEqual(guest.tree(), rest);
  await guest.start([]);
  assert.deepEqual(guest.tree(), {});
});

test('what stands in the way is kept, whatever it is, and nothing is followed out of /root', async (t) => {
  const guest = new Guest(t);
  const outside = join(guest.base, 'outside');
  mkdirSync(outside);
  guest.link('.aws', outside);
  guest.link('.netrc', join(outside, 'netrc'));
  guest.put('.kube', 'a file');
  mkdirSync(join(guest.root, '.npmrc'));
  await run({ file: 'mkfifo', args: [join(guest.root, '.pipe')], timeoutMs: 10_000 });
  const before = guest.tree();
  const entries = [
    directory('.aws'),
    file('.aws/config', 'secret'),
    directory('.aws/sub'),
    file('.aws/sub/a', 'secret'),
    parent('.kube'),
    file('.kube/config', 'secret'),
    file('.netrc', 'secret'),
    file('.npmrc', 'secret'),
    file('.pipe', 'secret'),
    file('free', 'written'),
  ];
  for (const _ of [1, 2]) {
    assert.deepEqual(await guest.start(entries), [
      '/root/.aws is kept: the guest has a symbolic link there',
      '/root/.kube is not made: the guest has a file there',
      '/root/.netrc is kept: the guest has a symbolic link there',
      '/root/.npmrc is not written: the guest has a directory there',
      '/root/.pipe is not written: the guest has a special file there',
    ]);
    assert.deepEqual(guest.tree(), { ...before, free: 'file 600 written' });
    assert.deepEqual(guest.record(), ['w f 600 free']);
  }
});

test('a link put where banger wrote a directory protects what is behind it', async (t) => {
  const guest = new Guest(t);
  await guest.start([directory('.aws'), file('.aws/config', 'a')]);
  const outside = join(guest.base, 'outside');
  mkdirSync(outside);
  await run({ file: 'cp', args: ['-p', join(guest.root, '.aws/config'), outside], timeoutMs: 10_000 });
  rmSync(join(guest.root, '.aws'), { recursive: true });
  guest.link('.aws', outside);
  assert.equal((await guest.start([directory('.aws'), file('.aws/config', 'b')])).length, 1);
  assert.deepEqual(await guest.start([]), [forgotten('.aws')]);
  assert.deepEqual(guest.tree(), { '.aws': `link ${outside}` });
  assert.ok(existsSync(join(outside, 'config')));
});

test('one kind follows another where banger wrote both', async (t) => {
  const guest = new Guest(t);
  const shapes = [
    [file('x', 'a')],
    [link('x', 'target')],
    [directory('x'), file('x/a', 'a'), directory('x/sub'), file('x/sub/b', 'b')],
    [file('x', 'a')],
    [directory('x'), link('x/a', 'b')],
    [link('x', 'other')],
    [link('x', 'another')],
  ];
  const trees = [];
  for (const entries of shapes) {
    assert.deepEqual(await guest.start(entries), []);
    trees.push(guest.tree());
  }
  assert.deepEqual(trees, [
    { x: 'file 600 a' },
    { x: 'link target' },
    { x: 'directory 755', 'x/a': 'file 600 a', 'x/sub': 'directory 755', 'x/sub/b': 'file 600 b' },
    { x: 'file 600 a' },
    { x: 'directory 755', 'x/a': 'link b' },
    { x: 'link other' },
    { x: 'link another' },
  ]);
  // Something of the guest's in a directory keeps it.
  await guest.start([directory('x'), file('x/a', 'a')]);
  guest.put('x/theirs', 'b');
  const warning = '/root/x is not written: the guest has a directory there';
  assert.deepEqual(await guest.start([file('x', 'a')]), [warning]);
  assert.deepEqual(guest.tree(), { x: 'directory 755', 'x/theirs': 'file 644 b' });
});

test('names of any bytes are kept, and warnings of them are lines', async (t) => {
  const guest = new Guest(t);
  const odd = 'new\nline \\ \u001b[31m é';
  await guest.start([file(odd, 'a'), { ...file('', ''), name: Buffer.from('root/\xff\xfe', 'latin1') }]);
  assert.equal(guest.tree()[odd], 'file 600 a');
  assert.ok(existsSync(Buffer.concat([Buffer.from(`${guest.root}/`), Buffer.from([0xff, 0xfe])])));
  guest.put(odd, 'edited');
  assert.deepEqual(await guest.start([file(odd, 'a')]), [changed('new\\x0aline \\x5c \\x1b[31m é')]);
  const long = 'n'.repeat(255);
  guest.put(long, 'x');
  assert.deepEqual(await guest.start([file(long, 'a')]), [
    changed(`${'n'.repeat(160)}...`),
    forgotten('new\\x0aline \\x5c \\x1b[31m é'),
  ]);
});

test('warnings are bounded and the rest is counted', async (t) => {
  const guest = new Guest(t);
  const names = Array.from({ length: 50 }, (_, index) => `f${index}`);
  for (const name of names) guest.put(name, 'theirs');
  const warnings = await guest.start(names.map((name) => file(name, 'ours')));
  assert.equal(warnings.length, 17);
  assert.equal(warnings.at(-1), 'and 34 more');
});
