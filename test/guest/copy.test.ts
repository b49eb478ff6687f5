/** `vm cp` with a real guest: trees that arrive as they were, and a guest that sends what nobody asked for. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/temporary.ts';
import { home, requireVm, testNothingLeft, vm } from './support/one-guest.ts';

/** All that is to be the same of a tree, by the bytes of each name. */
function picture(directory: string): string[] {
  const names = readdirSync(directory, { encoding: 'buffer' }).sort(Buffer.compare);
  return names.flatMap((name) => {
    const path = Buffer.concat([Buffer.from(`${directory}/`), name]);
    const { mode, mtimeMs, nlink } = lstatSync(path);
    const what = `${name.toString('latin1')} ${mode.toString(8)} ${Math.floor(mtimeMs / 1000)}`;
    if (lstatSync(path).isSymbolicLink()) return [`${name.toString('latin1')} -> ${readlinkSync(path)}`];
    if (lstatSync(path).isDirectory()) {
      return [what, ...picture(path.toString()).map((line) => `${name.toString('latin1')}/${line}`)];
    }
    return [`${what} ${nlink} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
  });
}

function makeTree(directory: string): void {
  mkdirSync(join(directory, 'deep/empty'), { recursive: true });
  writeFileSync(join(directory, 'program'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(directory, 'secret'), 'x', { mode: 0o600 });
  writeFileSync(join(directory, 'empty'), '');
  for (const name of ['new\nline', '-rf', 'back\\nslash', ' blank ', 'n'.repeat(255), 'é💥', '*']) {
    writeFileSync(join(directory, 'deep', name), name);
  }
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'not UTF-8');
  writeFileSync(join(directory, 'blob'), randomBytes(700_001));
  linkSync(join(directory, 'blob'), join(directory, 'deep/same-blob'));
  symlinkSync('program', join(directory, 'link'));
  symlinkSync(`/${'nowhere/'.repeat(30)}`, join(directory, 'deep/dangling'));
  for (const name of ['program', 'deep/empty', 'deep']) {
    utimesSync(join(directory, name), 1_600_000_000, 1_600_000_001);
  }
}

const cp = async (cwd: string, ...args: string[]) => await home.run(['vm', 'cp', ...args], { cwd });

test('a tree arrives as it was, there and back, under its name, another one and in an existing directory', async (t) => {
  await requireVm();
  const directory = temporaryDirectory(t);
  makeTree(join(directory, 'tree'));
  const whole = picture(join(directory, 'tree'));
  assert.ok(whole.length > 14);
  for (const args of [
    ['tree', `${vm}:`],
    ['tree', `${vm}:other`],
    ['tree', `${vm}:other`],
    ['tree/.', `${vm}:/srv/contents`],
  ]) {
    const { status, stderr } = await cp(directory, ...args);
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
  }
  assert.equal(await home.script(vm, 'ls -d .banger-* /srv/.banger-* 2>/dev/null || echo none'), 'none');
  assert.equal(await home.script(vm, 'find tree other -not -user root -o -not -group root'), '');
  for (const [source, target, arrived] of [
    ['tree', 'back', 'back'],
    ['other/tree', 'back', 'back/tree'],
    ['/srv/contents/.', 'contents', 'contents'],
  ] as const) {
    const { status, stderr } = await cp(directory, `${vm}:${source}`, target);
    assert.deepEqual([status, stderr], [0, ''], source);
    const there = picture(join(directory, arrived)).filter((line) => !/^tree(\/| )/.test(line));
    assert.deepEqual(there, whole, source);
  }
});

test('what is in a directory replaces a file and not a directory, and never through a link', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'victim'), 'kept');
  mkdirSync(join(directory, 'in/d'), { recursive: true });
  symlinkSync('../../victim', join(directory, 'in/d/file'));
  await home.script(vm, 'mkdir -p d; echo new >d/file; echo kept >victim; ln -sf /root/victim d/link');
  assert.equal((await cp(directory, `${vm}:d`, 'in')).status, 0);
  assert.equal(readFileSync(join(directory, 'victim'), 'utf8'), 'kept');
  assert.equal(readFileSync(join(directory, 'in/d/file'), 'utf8'), 'new\n');
  mkdirSync(join(directory, 'd/file'), { recursive: true });
  const inTheWay = await cp(directory, `${vm}:d`, '.');
  assert.equal(inTheWay.status, 1);
  assert.match(inTheWay.stderr, /^banger: d\/file: a directory is in the way; move it away\n$/);
  assert.equal(readlinkSync(join(directory, 'd/link')), '/root/victim', 'the rest was not copied');
  mkdirSync(join(directory, 'out/d'), { recursive: true });
  writeFileSync(join(directory, 'out/d/link'), 'over it');
  assert.equal((await cp(directory, 'out/d', `${vm}:`)).status, 0);
  assert.equal(await home.script(vm, 'cat victim d/link'), 'kept\nover it');
});

test('what is not there and what cannot be is said in one line, and the rest is copied', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'a'), '');
  writeFileSync(join(directory, 'b:c'), 'colon');
  for (const [args, message] of [
    [[`${vm}:nope`, '.'], /nope: it does not exist/],
    [['nope', 'a', `${vm}:/tmp`], /nope: there is no such file/],
    [['a', `${vm}:/no/such/place`], /the directory of \/no\/such\/place is not there/],
    [['a', 'b:c', `${vm}:x`], /different machines|no directory/],
    [[`${vm}:/etc/hostname`, 'missing/'], /missing\/ is not a directory/],
  ] as const) {
    const { status, stderr } = await cp(directory, ...args);
    assert.ok(status === 1 || status === 2, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.split('\n').length, 2, stderr);
  }
  assert.equal((await cp(directory, './b:c', `${vm}:/tmp/`)).status, 0);
  assert.equal(await home.script(vm, 'ls /tmp/a; cat /tmp/b:c'), '/tmp/a\ncolon');
  // The guest's clock may be behind ours, which tar there has words for.
  utimesSync(join(directory, 'a'), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600);
  const early = await cp(directory, 'a', `${vm}:/tmp/`);
  assert.deepEqual([early.status, early.stderr], [0, '']);
  symlinkSync('b:c', join(directory, 'to-follow'));
  assert.equal((await cp(directory, '--follow', 'to-follow', `${vm}:/tmp/`)).status, 0);
  assert.equal(await home.script(vm, 'stat -c %F /tmp/to-follow'), 'regular file');
});

test('50 MB arrive as they are', async (t) => {
  const directory = temporaryDirectory(t);
  const bytes = randomBytes(50_000_000);
  writeFileSync(join(directory, 'blob'), bytes);
  assert.equal((await cp(directory, 'blob', `${vm}:`)).status, 0);
  const sum = createHash('sha256').update(bytes).digest('hex');
  assert.equal(await home.script(vm, 'sha256sum <blob'), `${sum}  -`);
  assert.equal((await cp(directory, `${vm}:blob`, 'back')).status, 0);
  assert.ok(readFileSync(join(directory, 'back')).equals(bytes));
});

test('Ctrl-C leaves neither half a file nor anything else, on either side', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'half'), randomBytes(50_000_000));
  const inGuest = () => home.script(vm, 'ls -A | grep -E "banger|half" || echo none');
  const sending = home.start(['vm', 'cp', 'half', `${vm}:`], { cwd: directory, input: '' });
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  sending.child.kill('SIGINT');
  assert.equal((await sending.ended).status, 130, sending.said());
  for (let tries = 0; tries < 50 && (await inGuest()) !== 'none'; tries++);
  assert.equal(await inGuest(), 'none');
  const receiving = home.start(['vm', 'cp', `${vm}:blob`, 'got'], { cwd: directory, input: '' });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  receiving.child.kill('SIGINT');
  assert.equal((await receiving.ended).status, 130, receiving.said());
  assert.deepEqual(readdirSync(directory), ['half']);
});

test('a full disk is said as such, and nothing is left', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'large'), Buffer.alloc(3_000_000, 1));
  await home.script(vm, 'mkdir -p /mnt/small; mount -t tmpfs -o size=1m small /mnt/small');
  const { status, stderr } = await cp(directory, 'large', `${vm}:/mnt/small`);
  assert.equal(status, 1);
  assert.match(stderr, /^banger: the guest's disk is full; nothing was copied/);
  assert.equal(await home.script(vm, 'ls -A /mnt/small'), '');
});

test('a hostile guest writes nothing outside of the target', async (t) => {
  const directory = temporaryDirectory(t);
  const [target, outside] = [join(directory, 'target'), join(directory, 'outside')];
  mkdirSync(target);
  mkdirSync(outside);
  // What the guest sends instead of `evil`: the arguments of a tar.
  const attacks = [
    'touch x; $tar -c -P --transform "s,.*,../outside/x," x',
    `touch x; $tar -c -P --transform "s,.*,${outside}/x," x`,
    'touch x; $tar -c -P --transform "s,.*,evil/../../outside/x," x',
    'touch x; $tar -c --transform "s,.*,other," x',
    `mkdir -p 1/evil 2/evil/l; ln -sfn ${outside} 1/evil/l; touch 2/evil/l/x; $tar -c -C 1 evil/l -C ../2 evil/l/x`,
    `mkdir -p 3; ln -sfn ${outside} 3/evil; mkdir -p 4/evil; touch 4/evil/x; $tar -c -C 3 evil -C ../4 evil/x`,
    'mkdir -p 5/evil; cd 5; touch evil/x; ln -f evil/x evil/y; $tar -c -P --transform "s,evil/x,/etc/passwd,hRS" evil/x evil/y',
  ];
  for (const attack of attacks) {
    const usage = '[ $# -gt 1 ] || { echo pack; exit 2; }';
    const script = `#!/bin/sh\n${usage}\ncd "$(mktemp -d)"; tar=/usr/bin/tar\n${attack}\n`;
    await home.script(
      vm,
      `mkdir -p evil; [ -e /run/sync ] || mv /run/banger/sync /run/sync
       cat >/run/banger/sync <<'END'\n${script}END\nchmod 755 /run/banger/sync`,
    );
    const { status, stderr } = await cp(directory, `${vm}:evil`, 'target');
    assert.deepEqual(readdirSync(outside), [], `${attack}: ${stderr}`);
    assert.deepEqual(readdirSync(directory).sort(), ['outside', 'target'], attack);
    assert.equal(status, 1, `${attack}: ${stderr}`);
    assert.match(stderr, /^banger: /);
  }
  await home.script(vm, 'mv /run/sync /run/banger/sync');
  assert.equal(existsSync(join(outside, 'x')), false);
});

testNothingLeft();
