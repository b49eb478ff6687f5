/** Every kind of file as the source and as the target of a copy, in both directions, by itself and through a link. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { copyProgram } from '../../../src/client/installation.ts';
import { readTar } from '../../../src/tar/read.ts';
import { runProgram } from '../../support/program.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type Direction, directions, guestHere } from './guest-here.ts';

const text = 'contents\n';

/** Makes each kind at a path. */
const kinds: Record<string, (path: string, t: TestContext) => void | Promise<void>> = {
  'a regular file': (path) => writeFileSync(path, text),
  'an empty file': (path) => writeFileSync(path, ''),
  'a sparse file': (path) => {
    writeFileSync(path, '');
    truncateSync(path, 3_000_001);
  },
  'a set-uid program': (path) => {
    writeFileSync(path, text);
    chmodSync(path, 0o4755);
  },
  'a directory': (path) => {
    mkdirSync(path);
    writeFileSync(join(path, 'inner'), text);
  },
  'a named pipe': (path) => void execFileSync('mkfifo', [path]),
  'a character device': (path) => void execFileSync('mknod', [path, 'c', '1', '3']),
  'a block device': (path) => void execFileSync('mknod', [path, 'b', '60', '0']),
  'a socket': async (path, t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    t.after(() => server.close());
  },
  'a dangling link': (path) => symlinkSync('nowhere', path),
  'a link to itself': (path) => symlinkSync('itself', path),
};

/** The kind of what is at a path, with what it holds. */
function picture(path: string): string {
  const about = lstatSync(path, { throwIfNoEntry: false });
  if (!about) return 'nothing';
  if (about.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  if (about.isDirectory()) return `directory of ${readdirSync(path).sort()}`;
  if (!about.isFile()) return `special ${about.mode & 0o170000} ${about.rdev}`;
  const bytes = readFileSync(path);
  return `file ${(about.mode & 0o7777).toString(8)} ${bytes.every((byte) => byte === 0) ? bytes.length : bytes}`;
}

interface Row {
  arrives: string;
  said?: RegExp;
}

/** What arrives of each kind as a source that is named, and what is said if it is not copied. */
const sources: Record<string, Row> = {
  'a regular file': { arrives: `file 644 ${text}` },
  'an empty file': { arrives: 'file 644 0' },
  'a sparse file': { arrives: 'file 644 3000001' },
  'a set-uid program': { arrives: `file 755 ${text}` },
  'a directory': { arrives: 'directory of inner' },
  'a named pipe': { arrives: 'nothing', said: /: it is a named pipe, which cannot be copied$/ },
  'a character device': { arrives: 'nothing', said: /: it is a character device, which cannot be copied$/ },
  'a block device': { arrives: 'nothing', said: /: it is a block device, which cannot be copied$/ },
  'a socket': { arrives: 'nothing', said: /: it is a socket, which cannot be copied$/ },
  'a dangling link': {
    arrives: 'nothing',
    said: /: it is a symbolic link to something that does not exist$/,
  },
  'a link to itself': { arrives: 'nothing', said: /: its symbolic links lead in a circle$/ },
};

for (const direction of directions) {
  test(`each kind of source ${direction} arrives or is named, also through a link`, async (t) => {
    const copy = guestHere(t);
    for (const [kind, row] of Object.entries(sources)) {
      for (const through of ['itself', 'link']) {
        const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
        await kinds[kind]?.(join(from, 'itself'), t);
        symlinkSync('itself', join(from, 'link'));
        const { whole, said } = await copy(direction, [join(from, through)], to);
        const what = `${kind}, ${through}: ${said}`;
        assert.equal(picture(join(to, through)), row.arrives, what);
        assert.equal(whole, row.said === undefined, what);
        assert.match(said.join('\n'), row.said ?? /^$/, what);
        assert.deepEqual(
          readdirSync(to).filter((name) => name !== through),
          [],
          what,
        );
      }
    }
  });

  test(`each kind in a directory ${direction} is as it was, or skipped by its name`, async (t) => {
    const copy = guestHere(t);
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    mkdirSync(join(from, 'tree'));
    const names = Object.keys(kinds);
    for (const kind of names) await kinds[kind]?.(join(from, 'tree', kind), t);
    const { whole, said } = await copy(direction, [join(from, 'tree')], to);
    assert.deepEqual([...said].sort(), [
      'tree/a block device: skipped, it is a block device',
      'tree/a character device: skipped, it is a character device',
      'tree/a named pipe: skipped, it is a named pipe',
      'tree/a socket: skipped, it is a socket',
    ]);
    assert.equal(whole, true);
    for (const kind of names) {
      const { arrives, said: refused } = sources[kind] ?? { arrives: '' };
      const isLink = kind.includes('link');
      const expected = isLink ? picture(join(from, 'tree', kind)) : refused ? 'nothing' : arrives;
      assert.equal(picture(join(to, 'tree', kind)), expected, kind);
    }
  });
}

/** What a target of each kind is after a copy of a file, and what is said if it is not copied. */
const targets: Record<string, (path: string) => Row> = {
  'a regular file': () => ({ arrives: 'file 600 new\n' }),
  'an empty file': () => ({ arrives: 'file 600 new\n' }),
  'a sparse file': () => ({ arrives: 'file 600 new\n' }),
  'a set-uid program': () => ({ arrives: 'file 600 new\n' }),
  'a directory': () => ({ arrives: 'directory of inner,source' }),
  'a character device': (path) => ({ arrives: picture(path) }),
  'a named pipe': (path) => ({ arrives: picture(path), said: /: it is a named pipe that no program reads/ }),
  'a block device': (path) => ({
    arrives: picture(path),
    said: /: it is a block device, into which nothing/,
  }),
  'a socket': (path) => ({
    arrives: picture(path),
    said: /: it is a socket, into which nothing can be copied/,
  }),
  'a dangling link': (path) => ({
    arrives: picture(path),
    said: /symbolic link to something that does not exist/,
  }),
  'a link to itself': (path) => ({
    arrives: picture(path),
    said: /lead in a circle|to something that does not exist/,
  }),
};

async function assertTarget(t: TestContext, direction: Direction, kind: string, through: string) {
  const copy = guestHere(t);
  const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
  writeFileSync(join(from, 'source'), 'new\n', { mode: 0o600 });
  await kinds[kind]?.(join(to, 'itself'), t);
  symlinkSync('itself', join(to, 'link'));
  const row = targets[kind]?.(join(to, 'itself'));
  assert.ok(row);
  const { whole, said } = await copy(direction, [join(from, 'source')], join(to, through));
  const what = `${kind}, ${through}: ${said}`;
  assert.equal(picture(join(to, 'itself')), row.arrives, what);
  assert.equal(picture(join(to, 'link')), 'link to itself', what);
  assert.equal(whole, row.said === undefined, what);
  assert.match(said.join('\n'), row.said ?? /^$/, what);
  assert.deepEqual(readdirSync(to).sort(), ['itself', 'link'], what);
}

for (const direction of directions) {
  test(`each kind of target ${direction} is replaced or written into, or stays and is named`, async (t) => {
    for (const kind of Object.keys(targets)) await assertTarget(t, direction, kind, 'itself');
  });

  test(`a link to each kind of target ${direction} stays and is followed`, async (t) => {
    for (const kind of Object.keys(targets)) await assertTarget(t, direction, kind, 'link');
  });

  test(`a file that is in a directory ${direction} takes the place of no device and no pipe`, async (t) => {
    const copy = guestHere(t);
    for (const kind of ['a named pipe', 'a character device', 'a block device', 'a socket']) {
      const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
      mkdirSync(join(from, 'd'));
      mkdirSync(join(to, 'd'));
      writeFileSync(join(from, 'd/f'), text);
      writeFileSync(join(from, 'd/other'), text);
      await kinds[kind]?.(join(to, 'd/f'), t);
      const before = picture(join(to, 'd/f'));
      const { whole, said } = await copy(direction, [join(from, 'd')], to);
      assert.equal(picture(join(to, 'd/f')), before, kind);
      assert.match(said.join('\n'), /d\/f: a .* is in the way/, kind);
      assert.equal(whole, false, kind);
      assert.equal(readFileSync(join(to, 'd/other'), 'utf8'), text, kind);
    }
  });

  test(`a directory ${direction} is not written into a device`, async (t) => {
    const copy = guestHere(t);
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    mkdirSync(join(from, 'd'));
    writeFileSync(join(from, 'd/f'), text);
    kinds['a character device']?.(join(to, 'device'), t);
    const before = picture(join(to, 'device'));
    const { whole, said } = await copy(direction, [join(from, 'd')], join(to, 'device'));
    assert.equal(picture(join(to, 'device')), before);
    assert.equal(whole, false);
    assert.match(said.join('\n'), /device: (only the contents of a file|a character device is in the way)/);
  });

  test(`what is copied into a named pipe ${direction} reaches its reader`, async (t) => {
    const copy = guestHere(t);
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    const large = 'x'.repeat(300_000);
    writeFileSync(join(from, 'source'), large);
    kinds['a named pipe']?.(join(to, 'pipe'), t);
    const reader = runProgram(
      'sh',
      ['-c', `exec <>"$0"; head -c ${large.length} | wc -c`, join(to, 'pipe')],
      {
        timeoutMs: 30_000,
      },
    );
    // It has opened the pipe when it can be written into.
    for (let tries = 0; tries < 100; tries++) {
      const { whole, said } = await copy(direction, [join(from, 'source')], join(to, 'pipe'));
      if (whole) break;
      assert.match(said.join('\n'), /no program reads/);
    }
    assert.equal((await reader).stdout.toString().trim(), String(large.length));
  });

  test(`files of /proc and /sys ${direction} arrive with all that is in them`, async (t) => {
    const copy = guestHere(t);
    const to = temporaryDirectory(t);
    const named = ['/proc/version', '/proc/filesystems', '/sys/class/net/lo/mtu'];
    assert.deepEqual(await copy(direction, named, to), { whole: true, said: [] });
    for (const path of named)
      assert.equal(readFileSync(join(to, path.split('/').at(-1) ?? ''), 'utf8'), readFileSync(path, 'utf8'));
    assert.deepEqual(await copy(direction, ['/proc/sys/kernel/keys'], to), { whole: true, said: [] });
    assert.equal(
      readFileSync(join(to, 'keys/maxkeys'), 'utf8'),
      readFileSync('/proc/sys/kernel/keys/maxkeys', 'utf8'),
    );
  });

  test(`links below a source ${direction} stay links, or are followed with --follow`, async (t) => {
    const copy = guestHere(t);
    const from = temporaryDirectory(t);
    mkdirSync(join(from, 'd/deep'), { recursive: true });
    writeFileSync(join(from, 'outside'), text);
    symlinkSync('../outside', join(from, 'd/link'));
    symlinkSync('..', join(from, 'd/deep/up'));
    const to = temporaryDirectory(t);
    assert.deepEqual(await copy(direction, [join(from, 'd')], to), { whole: true, said: [] });
    assert.equal(picture(join(to, 'd/link')), 'link to ../outside');
    const followed = await copy(direction, [join(from, 'd')], join(to, 'followed'), { follow: true });
    assert.deepEqual(followed.said, ['d/deep/up: it is a link to a directory that it is in']);
    assert.equal(picture(join(to, 'followed/link')), `file 644 ${text}`);
    assert.equal(existsSync(join(to, 'followed/deep/up')), false);
  });

  test(`nothing is copied ${direction} that an older banger started, and why is told`, async (t) => {
    const copy = guestHere(t, '/bin/false');
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    writeFileSync(join(from, 'f'), text);
    const { whole, said } = await copy(direction, [join(from, 'f')], to);
    assert.equal(whole, false);
    assert.match(
      said.join('\n'),
      /^BangerError: an older banger started this VM; restart it with `banger vm restart`/,
    );
    assert.deepEqual(readdirSync(to), []);
  });

  test(`two names of one file ${direction} stay two names of one file`, async (t) => {
    const copy = guestHere(t);
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    mkdirSync(join(from, 'd'));
    writeFileSync(join(from, 'd/one'), text);
    linkSync(join(from, 'd/one'), join(from, 'd/two'));
    assert.deepEqual(await copy(direction, [join(from, 'd')], to), { whole: true, said: [] });
    assert.equal(lstatSync(join(to, 'd/one')).ino, lstatSync(join(to, 'd/two')).ino);
  });
}

test('a file and a directory that may not be read are named, and the rest is packed', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'd/closed'), { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, 'd/secret'), text);
  writeFileSync(join(directory, 'd/open'), text, { mode: 0o644 });
  chmodSync(join(directory, 'd/secret'), 0o600);
  chmodSync(join(directory, 'd/closed'), 0o700);
  const program = join(directory, 'sync');
  copyFileSync(copyProgram(), program);
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const { status, stdout, stderr } = await runProgram('setpriv', [
    ...asNobody,
    program,
    'pack',
    directory,
    'd',
  ]);
  assert.equal(status, 1);
  assert.deepEqual(stderr.trimEnd().split('\n').sort(), [
    'd/closed: it cannot be read: Permission denied',
    'd/secret: it cannot be read: Permission denied',
  ]);
  const names: string[] = [];
  for await (const entry of readTar(Readable.from([stdout]))) names.push(entry.name.toString());
  assert.deepEqual(names.sort(), ['./d/', './d/open']);
});
