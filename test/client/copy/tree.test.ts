import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { resolvePlace } from '../../../src/client/copy/names.ts';
import { parsePlace } from '../../../src/client/copy/place.ts';
import { Tree } from '../../../src/client/copy/tree.ts';
import type { Entry, EntryKind } from '../../../src/tar/read.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const names = (path: string) => path.split('/').map((name) => Buffer.from(name));

function entry(kind: EntryKind, given: Partial<Entry> & { text?: string } = {}): Entry {
  const { text = '', ...rest } = given;
  return {
    kind,
    name: Buffer.from('x'),
    linkName: Buffer.alloc(0),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: text.length,
    mtime: 1_500_000_000,
    async *contents() {
      yield Buffer.from(text);
    },
    ...rest,
  };
}

/** A target with a directory beside it that nothing may be written to. */
function stage(t: TestContext) {
  const directory = temporaryDirectory(t);
  const [target, outside] = [join(directory, 'target'), join(directory, 'outside')];
  mkdirSync(target);
  mkdirSync(outside);
  writeFileSync(join(outside, 'kept'), 'kept');
  const tree = new Tree(target, () => undefined);
  t.after(() => tree[Symbol.dispose]());
  const write = async (path: string, what: Entry, to?: string) => {
    await tree.write(names(path), what, to === undefined ? undefined : names(to));
    tree.settle();
  };
  return { target, outside, tree, write };
}

test('files, links and directories get their modes and times, without what makes them somebody else', async (t) => {
  const { target, tree, write } = stage(t);
  await write('d', entry('directory', { mode: 0o1511, mtime: 1_400_000_000 }));
  await write('d/f', entry('file', { text: 'hello', mode: 0o6755 }));
  await write('d/h', entry('link'), 'd/f');
  await write('d/l', entry('symlink', { linkName: Buffer.from('/etc/passwd') }));
  tree.finish();
  assert.equal(readFileSync(join(target, 'd/h'), 'utf8'), 'hello');
  assert.equal(lstatSync(join(target, 'd/f')).mode & 0o7777, 0o755);
  assert.equal(lstatSync(join(target, 'd/f')).nlink, 2);
  assert.equal(statSync(join(target, 'd')).mode & 0o7777, 0o511);
  assert.equal(statSync(join(target, 'd')).mtimeMs, 1_400_000_000_000);
  assert.equal(statSync(join(target, 'd/f')).mtimeMs, 1_500_000_000_000);
  assert.equal(readlinkSync(join(target, 'd/l')), '/etc/passwd');
  assert.deepEqual(readdirSync(join(target, 'd')).sort(), ['f', 'h', 'l']);
});

test('an existing directory keeps its mode, an existing file and link are replaced, not written through', async (t) => {
  const { target, outside, tree, write } = stage(t);
  mkdirSync(join(target, 'd'), { mode: 0o750 });
  symlinkSync(join(outside, 'kept'), join(target, 'd/f'));
  await write('d', entry('directory', { mode: 0o777 }));
  await write('d/f', entry('file', { text: 'new' }));
  tree.finish();
  assert.equal(statSync(join(target, 'd')).mode & 0o777, 0o750);
  assert.equal(readFileSync(join(target, 'd/f'), 'utf8'), 'new');
  assert.equal(lstatSync(join(target, 'd/f')).isFile(), true);
  assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept');
});

/** What an archive brings, in order; the last is refused. */
const attacks: [string, (outside: string) => [string, Entry, string?][]][] = [
  [
    'through a link of its own',
    (outside) => [
      ['l', entry('symlink', { linkName: Buffer.from(outside) })],
      ['l/x', entry('file')],
    ],
  ],
  [
    'through a link deeper down',
    (outside) => [
      ['d', entry('directory')],
      ['d/l', entry('symlink', { linkName: Buffer.from(outside) })],
      ['d/l/x', entry('directory')],
    ],
  ],
  [
    'a directory over a link',
    (outside) => [
      ['l', entry('symlink', { linkName: Buffer.from(outside) })],
      ['l', entry('directory', { mode: 0o777 })],
    ],
  ],
  ['through a link that was there', () => [['there/x', entry('file')]]],
  ['a link to a file that was there', () => [['h', entry('link'), 'old']]],
  ['a link to a file behind a link', () => [['h', entry('link'), 'there/kept']]],
  ['a link to nothing', () => [['h', entry('link'), 'nope']]],
  [
    'a file over a directory',
    () => [
      ['d', entry('directory')],
      ['d', entry('file')],
    ],
  ],
  [
    'a directory over a file',
    () => [
      ['f', entry('file')],
      ['f', entry('directory')],
    ],
  ],
  [
    'below a file',
    () => [
      ['f', entry('file')],
      ['f/x', entry('file')],
    ],
  ],
  ['a symbolic link that says nothing', () => [['l', entry('symlink')]]],
];
for (const [what, entriesOf] of attacks) {
  test(`refused: ${what}`, async (t) => {
    const { target, outside, tree, write } = stage(t);
    symlinkSync(outside, join(target, 'there'));
    writeFileSync(join(target, 'old'), '');
    const entries = entriesOf(outside);
    const last = entries.pop();
    for (const [path, each, to] of entries) await write(path, each, to);
    await assert.rejects(async () => last && write(...last));
    tree.finish();
    assert.deepEqual(readdirSync(outside), ['kept']);
    assert.equal(statSync(outside).mode & 0o777, statSync(target).mode & 0o777);
    assert.equal(lstatSync(join(target, 'old')).nlink, 1);
    assert.equal(lstatSync(join(outside, 'kept')).nlink, 1);
    assert.deepEqual(
      readdirSync(target).filter((name) => name.startsWith('.banger')),
      [],
    );
  });
}

test('contents that break off leave neither the file nor a temporary one', async (t) => {
  const { target, write } = stage(t);
  writeFileSync(join(target, 'f'), 'old');
  const broken = entry('file', {
    async *contents() {
      yield Buffer.from('half');
      throw new Error('broken off');
    },
  });
  await assert.rejects(write('f', broken), /broken off/);
  assert.deepEqual(readdirSync(target), ['f']);
  assert.equal(readFileSync(join(target, 'f'), 'utf8'), 'old');
});

test('only what was asked for has a place, under the name it gets here', () => {
  const place = (name: string, asked = 'src') =>
    resolvePlace(Buffer.from(name, 'latin1'), asked, 'dst').map(String).join('|');
  assert.equal(place('src'), 'dst');
  assert.equal(place('./src/'), 'dst');
  assert.equal(place('././src/a/b'), 'dst|a|b');
  assert.equal(place('.', '.'), '');
  assert.equal(place('./', '.'), '');
  assert.equal(place('./a/..b', '.'), 'a|..b');
  for (const name of [
    '/src',
    '/',
    '//',
    '',
    'src/../x',
    '../src',
    'src//a',
    'src/./a',
    'other',
    'srcx',
    'src/a//',
    './/src',
    '..',
    'src/..',
    'src/a\0b',
    `src/${'x/'.repeat(3000)}`,
  ]) {
    assert.throws(() => place(name), { code: 'GuestFailed' }, JSON.stringify(name));
  }
  for (const name of ['/a', '..', '../a', 'a/../b', './/a', 'a//b']) {
    assert.throws(() => place(name, '.'), { code: 'GuestFailed' }, JSON.stringify(name));
  }
});

test('a colon makes a VM of what is before it, unless a slash is there', () => {
  assert.deepEqual(parsePlace('web:a:b'), { vm: 'web', path: 'a:b' });
  assert.deepEqual(parsePlace('web:'), { vm: 'web', path: '' });
  assert.deepEqual(parsePlace('./a:b'), { vm: undefined, path: './a:b' });
  assert.deepEqual(parsePlace('/x/a:b'), { vm: undefined, path: '/x/a:b' });
  assert.deepEqual(parsePlace('new\nline:x'), { vm: 'new\nline', path: 'x' });
  assert.throws(() => parsePlace(''), { code: 'InvalidArgs' });
  assert.throws(() => parsePlace(':x'), { code: 'InvalidArgs' });
});
