/** `vm cp` with a real guest and every kind of file, and with files that change meanwhile. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { home, requireVm, testNothingLeft, vm } from './support/one-guest.ts';

/** Makes each kind under its name in the working directory, in the host or in the guest; perl makes a socket. */
const makeKinds = `
echo text >regular
: >empty
truncate -s 3000001 sparse
echo text >setuid; chmod 4755 setuid
mkdir directory; echo text >directory/inner; mkfifo directory/pipe; ln -s inner directory/link
mkfifo pipe
mknod character c 1 3
mknod block b 60 0
ln -s nowhere dangling
ln -s loop loop
`;
const guestSocket =
  'perl -MSocket -e \'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un("socket")) or die\'';
const kinds = [
  ...['regular', 'empty', 'sparse', 'setuid', 'directory', 'pipe', 'character', 'block', 'socket'],
  ...['dangling', 'loop'],
];
/** Tells of each thing in the working directory what it is. */
const describe =
  'for each in *; do [ ! -f "$each" ] || [ -L "$each" ] || set -- $(cksum <"$each"); stat -c "%N %F %a %t,%T" "$each" | tr "\\n" " "; [ ! -f "$each" ] || [ -L "$each" ] || echo "$*"; [ -f "$each" ] && [ ! -L "$each" ] || echo; done';

/** What is said of the sources that cannot be copied; all others arrive. */
const refused: Record<string, string> = {
  pipe: 'it is a named pipe, which cannot be copied',
  character: 'it is a character device, which cannot be copied',
  block: 'it is a block device, which cannot be copied',
  socket: 'it is a socket, which cannot be copied',
  dangling: 'it is a symbolic link to something that does not exist',
  loop: 'its symbolic links lead in a circle',
};
const arrives = kinds.filter((kind) => !Object.hasOwn(refused, kind));

const cp = async (cwd: string, ...args: string[]) => await home.run(['vm', 'cp', ...args], { cwd });

/** Gives a directory of the host and one of the guest, each with all kinds in it, and a link to each in `links`. */
async function makeBoth(t: TestContext, name: string): Promise<{ here: string; there: string }> {
  const here = temporaryDirectory(t);
  const there = `/root/${name}`;
  const links = `mkdir links; for each in ${kinds.join(' ')}; do ln -s ../$each links/$each; done`;
  execFileSync('sh', ['-euc', `umask 022; ${makeKinds} ${links}`], { cwd: here });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(here, 'socket'), resolve));
  t.after(() => server.close());
  await home.script(
    vm,
    `umask 022; rm -rf ${there}; mkdir ${there}; cd ${there}; ${makeKinds} ${guestSocket}; ${links}`,
  );
  return { here, there };
}

const onHost = (directory: string) =>
  execFileSync('sh', ['-c', describe], { cwd: directory, encoding: 'utf8' }).trim().split('\n');
const inGuest = async (directory: string) =>
  (await home.script(vm, `cd ${directory}; set +e; ${describe}; true`))
    .trim()
    .split('\n')
    .map((line) => line.trim());

function assertSaid(stderr: string): void {
  const lines = stderr.trimEnd().split('\n').sort();
  const expected = Object.entries(refused).map(([kind, why]) => `banger: ${kind}: ${why}`);
  assert.deepEqual(lines, [...expected, 'banger: directory/pipe: skipped, it is a named pipe'].sort());
}

test('every kind of source arrives or is named, in both directions, by itself and through a link', async (t) => {
  await requireVm();
  const { here, there } = await makeBoth(t, 'sources');
  for (const from of ['.', 'links']) {
    const [target, targetThere] = [temporaryDirectory(t), '/root/arrived'];
    await home.script(vm, `rm -rf ${targetThere}; mkdir ${targetThere}`);
    const sent = await cp(here, ...kinds.map((kind) => `${from}/${kind}`), `${vm}:${targetThere}`);
    assert.equal(sent.status, 1);
    assertSaid(sent.stderr);
    const received = await cp(target, ...kinds.map((kind) => `${vm}:${there}/${from}/${kind}`), '.');
    assert.equal(received.status, 1);
    assertSaid(received.stderr);
    const expected = onHost(here)
      .map((line) => line.trim().replace(' 4755 ', ' 755 '))
      .filter((line) => arrives.some((kind) => line.startsWith(`'${kind}' `)));
    assert.equal(expected.length, arrives.length);
    assert.deepEqual(await inGuest(targetThere), expected, from);
    assert.deepEqual(
      onHost(target).map((line) => line.trim()),
      expected,
      from,
    );
    assert.deepEqual(readdirSync(join(target, 'directory')).sort(), ['inner', 'link']);
  }
  await home.script(vm, 'rm -r sources arrived');
});

/** What is said of the targets that take nothing; all others get the contents. */
const closed: Record<string, RegExp> = {
  pipe: /pipe: it is a named pipe that no program reads$/,
  block: /block: it is a block device, into which nothing can be written$/,
  socket: /socket: it is a socket, into which nothing can be copied/,
  dangling: /dangling: it is a symbolic link to something that does not exist; remove/,
  loop: /loop: (its symbolic links lead in a circle|it is a symbolic link to something that does not exist); remove/,
  directory: /a (symbolic link to a )?directory is in the way/,
};

test('every kind of target is replaced or written into, or stays and is named, in both directions', async (t) => {
  const { here, there } = await makeBoth(t, 'targets');
  const files = temporaryDirectory(t);
  for (const kind of kinds) writeFileSync(join(files, kind), 'new\n', { mode: 0o644 });
  await home.script(
    vm,
    `rm -rf new; mkdir new; cd new; for each in ${kinds.join(' ')}; do echo new >$each; done`,
  );
  const written = ['regular', 'empty', 'sparse', 'setuid'];
  const sums = "printf 'new\\n' | cksum";
  const sum = execFileSync('sh', ['-c', sums], { encoding: 'utf8' }).trim();
  for (const into of ['links', '.']) {
    const [hostBefore, guestBefore] = [onHost(here), await inGuest(there)];
    const sent = await cp(files, ...kinds, `${vm}:${there}/${into}`);
    const received = await cp(here, ...kinds.map((kind) => `${vm}:new/${kind}`), into);
    for (const { status, stderr } of [sent, received]) {
      assert.equal(status, 1);
      const lines = stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.includes('not all of it'));
      for (const [kind, said] of Object.entries(closed)) {
        assert.equal(lines.filter((line) => said.test(line)).length, 1, `${into}/${kind}: ${stderr}`);
      }
      assert.equal(lines.length, Object.keys(closed).length, stderr);
    }
    const expect = (before: readonly string[]) =>
      before.map((line) => {
        const kind = /^'(\w+)'/.exec(line)?.[1] ?? '';
        return written.includes(kind) ? `'${kind}' regular file 644 0,0 ${sum}` : line.trim();
      });
    assert.deepEqual(
      onHost(here).map((line) => line.trim()),
      expect(hostBefore),
      into,
    );
    assert.deepEqual(await inGuest(there), expect(guestBefore), into);
    const links = readdirSync(join(here, 'links'), { withFileTypes: true });
    assert.ok(links.every((link) => link.isSymbolicLink()));
    assert.equal(await home.script(vm, `find ${there}/links ! -type l ! -type d`), '');
  }
  await home.script(vm, 'rm -r targets new');
});

test('files of /proc and /sys arrive with all that is in them, in both directions', async (t) => {
  const directory = temporaryDirectory(t);
  const files = ['/proc/filesystems', '/proc/version', '/sys/class/net/lo/mtu'];
  assert.deepEqual((await cp(directory, ...files.map((file) => `${vm}:${file}`), '.')).stderr, '');
  const here = ['filesystems', 'version', 'mtu'].map((name) => readFileSync(join(directory, name), 'utf8'));
  assert.equal(here.join(''), await home.guest(vm, 'cat', ...files));
  assert.deepEqual((await cp(directory, ...files, `${vm}:/tmp`)).stderr, '');
  const there = await home.guest(vm, 'cat', '/tmp/filesystems', '/tmp/version', '/tmp/mtu');
  assert.equal(there, files.map((file) => readFileSync(file, 'utf8')).join(''));
});

test('a device is written into, and what a link of the guest leads to arrives', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'f'), 'text');
  assert.deepEqual((await cp(directory, 'f', `${vm}:/dev/null`)).stderr, '');
  assert.equal(await home.script(vm, 'stat -c "%F %t,%T" /dev/null'), 'character special file 1,3');
  assert.deepEqual((await cp(directory, `${vm}:/etc/os-release`, 'release')).stderr, '');
  assert.equal(
    readFileSync(join(directory, 'release'), 'utf8'),
    await home.guest(vm, 'cat', '/etc/os-release'),
  );
  assert.deepEqual((await cp(directory, 'f', `${vm}:~/by-tilde`)).stderr, '');
  assert.equal(await home.script(vm, 'cat /root/by-tilde; rm by-tilde'), 'text');
});

test('a file that is cut while it is copied fails, and what was there stays, in both directions', async (t) => {
  const directory = temporaryDirectory(t);
  const bytes = 30_000_000;
  const old = () => writeFileSync(join(directory, 'target'), 'old');
  old();
  await home.script(vm, `head -c ${bytes} /dev/urandom >big.log; echo old >target`);
  const receiving = home.start(['vm', 'cp', `${vm}:big.log`, 'target'], { cwd: directory, input: '' });
  await until('the file comes', () => readdirSync(directory).some((name) => name.startsWith('.banger-')));
  await home.script(vm, ': >big.log');
  const received = await receiving.ended;
  assert.equal(received.status, 1);
  assert.match(received.stderr, /^banger: big\.log: it changed while it was copied; copy it again/);
  assert.equal(readFileSync(join(directory, 'target'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(directory), ['target']);
  writeFileSync(join(directory, 'big.log'), Buffer.alloc(bytes, 'x'));
  symlinkSync('big.log', join(directory, 'link'));
  const sending = home.start(['vm', 'cp', 'link', `${vm}:target`], { cwd: directory, input: '' });
  await until(
    'the file is under way',
    async () => (await home.script(vm, 'ls -d .banger-*/link 2>/dev/null || true')) !== '',
  );
  truncateSync(join(directory, 'big.log'), 5);
  const sent = await sending.ended;
  assert.equal(sent.status, 1);
  assert.match(sent.stderr, /^banger: link: it changed while it was copied; copy it again/);
  assert.equal(await home.script(vm, 'cat target; ls -d .banger-* 2>/dev/null || rm target big.log'), 'old');
});

testNothingLeft();
