import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { GuestShells } from '../../src/guest/shell.ts';
import type { SshConnection } from '../../src/ssh/options.ts';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { SshServer } from './ssh-server.ts';

const timeoutMs = 30_000;
const sh = (script: string, ...args: string[]) => ['sh', '-c', script, 'sh', ...args];

async function start(t: TestContext, idleMs?: number) {
  const directory = temporaryDirectory(t);
  const server = await SshServer.start(directory);
  const shells = new GuestShells(idleMs);
  t.after(() => {
    shells.closeAll();
    server.close();
  });
  const shell = shells.shellOf('vm', () => server.connection());
  /** A shell that nothing is pooled with. */
  const shellBy = (change: Partial<SshConnection>) => {
    const other = new GuestShells(10);
    t.after(() => other.closeAll());
    return other.shellOf('vm', async () => ({ ...(await server.connection()), ...change }));
  };
  return { directory, server, shells, shell, shellBy };
}

/** A stream of zeroes that counts what was taken of it. */
function zeroes(size: number) {
  let taken = 0;
  const stream = new Readable({
    read() {
      const chunk = Math.min(65_536, size - taken);
      taken += chunk;
      this.push(chunk > 0 ? Buffer.alloc(chunk) : null);
    },
  });
  return { stream, taken: () => taken };
}

test('a program gets its arguments and gives its outputs and exact status', async (t) => {
  const { shell } = await start(t);
  const nasty = ['a b', "it's", '$HOME', '', '\\', 'new\nline', '-n'];
  const told = await shell.execute(['printf', '%s\\0', ...nasty], { timeoutMs });
  assert.deepEqual(told, { status: 0, stdout: nasty.map((word) => `${word}\0`).join(''), stderr: '' });
  for (const [script, status] of [
    ['exit 1', 1],
    ['exit 255', 255],
    ['kill -KILL $$', 137],
    // The shell that waits too, so that sshd tells of a signal.
    ['kill -TERM 0', 143],
  ] as const) {
    assert.equal((await shell.execute(sh(script), { timeoutMs })).status, status, script);
  }
  assert.equal((await shell.execute(['pwd'], { cwd: '/usr', timeoutMs })).stdout, '/usr\n');
  assert.equal((await shell.execute(sh('echo e >&2'), { timeoutMs })).stderr, 'e\n');
  await assert.rejects(shell.execute([], { timeoutMs }), { code: 'InvalidArgs' });
});

test('input of every kind arrives whole, and a program without any sees its end', async (t) => {
  const { shell } = await start(t);
  const size = 9_000_001;
  const digest = createHash('sha256').update(Buffer.alloc(size)).digest('hex');
  for (const input of [zeroes(size).stream, Buffer.alloc(size), '\0'.repeat(size)]) {
    const { stdout } = await shell.execute(['sha256sum'], { input, timeoutMs });
    assert.equal(stdout.split(' ')[0], digest);
  }
  assert.equal((await shell.execute(['cat'], { timeoutMs })).stdout, '');
  assert.equal((await shell.execute(['wc', '-c'], { input: '', timeoutMs })).stdout.trim(), '0');
});

test('a program that does not read its input holds it back, and one that ends lets it go', async (t) => {
  const { shell } = await start(t);
  const { stream, taken } = zeroes(200_000_000);
  const ended = shell.execute(sh('sleep 1; exit 3'), { input: stream, timeoutMs });
  assert.equal((await ended).status, 3);
  assert.ok(taken() < 30_000_000, `${taken()} bytes were read`);
  await until('the input is let go', () => stream.destroyed);
});

test('an input that breaks off is an end for the program', async (t) => {
  const { shell } = await start(t);
  let begun = false;
  const broken = new Readable({
    read() {
      if (!begun) this.push('some\n');
      begun = true;
      setTimeout(() => broken.destroy(new Error('gone')), 200);
    },
  });
  const outcome = await shell.execute(sh('cat; exit 4'), { input: broken, timeoutMs });
  assert.deepEqual([outcome.status, outcome.stdout], [4, 'some\n']);
  const before = new Readable({ read() {} }).destroy(new Error('gone'));
  assert.equal((await shell.execute(sh('cat; exit 4'), { input: before, timeoutMs })).status, 4);
});

test('of much output the beginning is kept', async (t) => {
  const { shell } = await start(t);
  const script = 'head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2; exit 5';
  const { status, stdout, stderr } = await shell.execute(sh(script), { timeoutMs });
  assert.equal(status, 5);
  for (const kept of [stdout, stderr]) {
    assert.ok(kept.length >= 4 * 2 ** 20 && kept.length < 5 * 2 ** 20, String(kept.length));
  }
});

test('commands share a connection, which goes when it is idle or the VM stops', async (t) => {
  const { server, shells, shell } = await start(t, 200);
  const echoes = Array.from({ length: 30 }, (_, index) =>
    shell.execute(['echo', String(index)], { timeoutMs }),
  );
  const outcomes = await Promise.all(echoes);
  assert.deepEqual(
    outcomes.map(({ stdout }) => Number(stdout)),
    outcomes.map((_, index) => index),
  );
  assert.equal(server.connections, 1);
  await until('the idle connection is closed', () => server.open === 0);
  await shell.execute(['sleep', '1'], { timeoutMs });
  assert.equal(server.connections, 2, 'it is not idle while a command runs');
  shells.close('vm');
  await until('it is closed', () => server.open === 0);
  await shell.execute(['true'], { timeoutMs });
  assert.equal(server.connections, 3);
});

test('what runs when the connection breaks fails, and the next use opens another', async (t) => {
  const { server, shells, shell } = await start(t);
  for (const end of [() => server.breakAll(), () => shells.close('vm')]) {
    const running = shell.execute(['sleep', '100'], { timeoutMs });
    const failed = assert.rejects(running, { name: 'BangerError', code: 'GuestUnreachable' });
    await until('it is connected', () => server.open === 1);
    await shell.execute(['true'], { timeoutMs });
    end();
    await failed;
    await until('it is closed', () => server.open === 0);
    assert.equal((await shell.execute(['echo', 'back'], { timeoutMs })).stdout, 'back\n');
  }
});

test('a command that is given up ends with its children, and others go on', async (t) => {
  const { directory, server, shell } = await start(t);
  const script = 'trap "echo hup >>$1; exit" HUP; echo $$ >$1; while :; do sleep 0.1; done';
  const release = join(directory, 'release');
  const other = shell.execute(sh('until [ -e "$1" ]; do sleep 0.1; done', release), { timeoutMs });
  const isHungUp = (file: string) => () => readFileSync(file, 'utf8').endsWith('hup\n');

  const cancelled = join(directory, 'cancelled');
  const abort = new AbortController();
  const { stream } = zeroes(100_000_000);
  const running = shell.execute(sh(script, cancelled), { input: stream, timeoutMs, signal: abort.signal });
  const refused = assert.rejects(running, { name: 'BangerError', code: 'Cancelled' });
  await until('it runs', () => existsSync(cancelled));
  abort.abort();
  await refused;
  assert.ok(stream.destroyed);
  await until('the cancelled one was hung up', isHungUp(cancelled));

  // A busy machine may not have begun it in that time.
  let late = '';
  for (let deadline = 1_000; !existsSync(late); deadline *= 2) {
    late = join(directory, `late-${deadline}`);
    await assert.rejects(shell.execute(sh(script, late), { timeoutMs: deadline }), {
      name: 'BangerError',
      code: 'Timeout',
    });
  }
  await until('the late one was hung up', isHungUp(late));

  writeFileSync(release, '');
  assert.equal((await other).status, 0);
  assert.equal(server.connections, 1);
  await assert.rejects(shell.execute(['true'], { timeoutMs, signal: AbortSignal.abort() }), {
    code: 'Cancelled',
  });
});

test('a guest that hangs does not delay the others', async (t) => {
  const { server, shell, shellBy } = await start(t);
  server.behaviour.hangs = true;
  await assert.rejects(shell.execute(['true'], { timeoutMs: 300 }), { code: 'Timeout' });
  const silent = createServer().listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await until('it listens', () => silent.listening);
  const { port } = silent.address() as { port: number };
  silent.on('connection', (socket) => t.after(() => socket.destroy()));
  await assert.rejects(shellBy({ port }).execute(['true'], { timeoutMs, signal: AbortSignal.timeout(300) }), {
    code: 'Cancelled',
  });
});

test('keys of every kind that ssh_key_path may name open a guest', async (t) => {
  const { directory, server, shellBy } = await start(t);
  for (const [type, ...more] of [
    ['rsa', '-b', '2048'],
    ['ecdsa'],
    ['ed25519'],
    ['rsa', '-m', 'PEM'],
  ] as const) {
    const identityFile = join(directory, [type, ...more].join(''));
    await run({
      file: 'ssh-keygen',
      args: ['-q', '-t', type, ...more, '-N', '', '-f', identityFile],
      timeoutMs,
    });
    assert.equal((await shellBy({ identityFile }).execute(['true'], { timeoutMs })).status, 0, type);
  }
  assert.equal(server.connections, 4);
});

test('a failed connection is reported in one sentence', async (t) => {
  const { directory, server, shellBy } = await start(t);
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const encrypted = join(directory, 'encrypted');
  const args = ['-q', '-t', 'ed25519', '-N', 'secret', '-f', encrypted];
  await run({ file: 'ssh-keygen', args, timeoutMs });
  const garbage = createServer((socket) =>
    socket.on('error', () => undefined).end('HTTP/1.1 400 \x1b[31m\r\n'),
  );
  garbage.listen(0, '127.0.0.1');
  t.after(() => garbage.close());
  await until('it listens', () => garbage.listening);
  const { port } = garbage.address() as { port: number };
  const cases: [Partial<SshConnection>, string, RegExp][] = [
    [{ identityFile: encrypted }, 'InvalidConfig', /passphrase.*ssh_key_path/],
    [{ identityFile: file('junk', 'junk') }, 'InvalidConfig', /cannot use the ssh key .*junk/],
    [{ identityFile: join(directory, 'none') }, 'InvalidConfig', /none cannot be read: ENOENT/],
    [{ knownHostsFile: file('empty', '') }, 'HostNotReady', /empty does not hold/],
    [
      { knownHostsFile: file('wrong', 'banger-vm ssh-ed25519 AAAA\n') },
      'GuestUnreachable',
      /another host key/,
    ],
    [{ port: 1 }, 'GuestUnreachable', /ECONNREFUSED/],
    [{ port }, 'GuestUnreachable', /^ssh to the guest failed: [ -~\ufffd]*$/],
  ];
  for (const [change, code, message] of cases) {
    await assert.rejects(shellBy(change).execute(['true'], { timeoutMs }), {
      name: 'BangerError',
      code,
      message,
    });
  }
  server.behaviour.refusesKeys = true;
  await assert.rejects(shellBy({}).execute(['true'], { timeoutMs }), {
    code: 'GuestUnreachable',
    message: /refused the key .*ssh_key_path/,
  });
});

test('a command that prints without end is cut off long before its deadline, and others have their turns', async (t) => {
  const { shell } = await start(t);
  const began = performance.now();
  await assert.rejects(shell.execute(sh('exec cat /dev/zero'), { timeoutMs: 120_000 }), {
    code: 'GuestUnreachable',
    message: /^ssh to the guest failed: it was ended because the guest sends over it without end; /,
  });
  const took = performance.now() - began;
  t.diagnostic(`cut off after ${took.toFixed(0)} ms`);
  assert.ok(took < 60_000, `${took} ms`);
  assert.equal((await shell.execute(['echo', 'on'], { timeoutMs })).stdout, 'on\n');
});

test('an sshd that agrees upon keys again and again is cut off', async (t) => {
  const { server, shell } = await start(t);
  server.behaviour = { rekeysOnCommand: true };
  await assert.rejects(shell.execute(['sleep', '60'], { timeoutMs: 90_000 }), {
    code: 'GuestUnreachable',
    message: /the guest sends over it without end/,
  });
});

test('a guest that greets without end is refused, and one with a banner is not', async (t) => {
  const { shellBy } = await start(t);
  const endless = createServer((socket) => {
    socket.on('error', () => undefined);
    const greet = () => {
      if (!socket.destroyed) socket.write('banger: note\r\n'.repeat(4_000), () => setImmediate(greet));
    };
    greet();
  });
  endless.listen(0, '127.0.0.1');
  await once(endless, 'listening');
  t.after(() => endless.close());
  const { port } = endless.address() as AddressInfo;
  const began = performance.now();
  await assert.rejects(shellBy({ port }).execute(['true'], { timeoutMs: 90_000 }), {
    code: 'GuestUnreachable',
  });
  assert.ok(performance.now() - began < 30_000);
  const server = await SshServer.start(temporaryDirectory(t), 'banger: note\r\n');
  t.after(() => server.close());
  const shells = new GuestShells();
  t.after(() => shells.closeAll());
  const shell = shells.shellOf('vm', () => server.connection());
  assert.deepEqual(await shell.execute(['echo', 'a'], { timeoutMs }), {
    status: 0,
    stdout: 'a\n',
    stderr: '',
  });
});
