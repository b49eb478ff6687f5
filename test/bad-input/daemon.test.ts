import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { userPaths } from '../../src/common/paths.ts';
import { configFile } from '../../src/config/config.ts';
import { checkout } from '../support/guest-home.ts';
import { inNamespace } from '../support/namespace.ts';
import { runProgram } from '../support/program.ts';
import { assertNoVm, assertOneLine, assertRefused, banger, inHome, shown, tellCount } from './support.ts';

const isRoot = process.getuid?.() === 0;
/** Whoever waits for a daemon that cannot start is told at once, and not when its time is over. */
const promptlyMs = 12_000;

/** How a state can be that no daemon can work with. */
const badStates: [string, (state: string) => void, RegExp][] = [
  ['a database of garbage', (state) => writeFileSync(join(state, 'banger.db'), 'x'.repeat(5000)), /damaged/],
  ['a database that was cut', (state) => cutDatabase(join(state, 'banger.db')), /damaged/],
  ['a database of a newer banger', (state) => ageDatabase(join(state, 'banger.db')), /newer banger/],
  ['a database that is a directory', (state) => mkdirSync(join(state, 'banger.db')), /banger\.db: there is/],
  ['a state that is a file', (state) => replaced(state, (path) => writeFileSync(path, '')), /in its place/],
  [
    'a state that leads nowhere',
    (state) => replaced(state, (path) => symlinkSync('/nope', path)),
    /leads nowhere/,
  ],
  ['a state open to others', (state) => chmodSync(state, 0o755), /open to other users; run `chmod 700/],
  ['a state of somebody else', giveAway, /belongs to another user/],
  ['a lock that is a directory', (state) => mkdirSync(join(state, 'lock')), /lock: there is a directory/],
  ['a log that is a directory', (state) => mkdirSync(join(state, 'bangerd.log')), /bangerd\.log/],
  ['a directory of images that is a file', (state) => writeFileSync(join(state, 'images'), ''), /images/],
];

for (const [name, spoil, says] of badStates) {
  test(`${name}: the command that needs the daemon says why, at once`, async () => {
    await inHome(async (home) => {
      const { state } = userPaths(home.env);
      mkdirSync(state, { recursive: true, mode: 0o700 });
      spoil(state);
      const before = filesOf(state);
      const began = performance.now();
      await assertRefused(home, { args: ['vm', 'list'], status: 1, says });
      assert.ok(performance.now() - began < promptlyMs);
      for (const file of before) assert.ok(filesOf(state).includes(file), `${file} is gone`);
    });
  });
}

test('without a daemon every command that needs one fails the same, and the others work', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    mkdirSync(join(state, 'banger.db'), { recursive: true });
    chmodSync(state, 0o700);
    const says = /bangerd did not start: .*banger\.db: there is a directory/;
    for (const [line, status] of [
      ['vm create --no-start', 1],
      ['vm run -- true', 125],
      ['vm exec web -- true', 125],
      ['vm delete --yes web', 1],
      ['image list', 1],
      ['doctor', 1],
    ] as const) {
      await assertRefused(home, { args: line.split(' '), status, says });
    }
    for (const line of ['version', '--help', 'vm run --help']) {
      assert.equal((await banger(home, { args: line.split(' ') })).status, 0, line);
    }
    const status = await banger(home, { args: ['daemon', 'status'] });
    assert.equal(
      status.stdout.toString(),
      'bangerd does not run; the next command that needs it starts it\n',
    );
  });
});

test('a state on a file system that is read-only or full', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    mkdirSync(state, { recursive: true, mode: 0o700 });
    for (const [mount, says] of [
      [`mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"`, /read-only/],
      [
        `mount -t tmpfs -o size=64k,mode=700 none "$0" && head -c 100k /dev/zero > "$0/fill" 2> /dev/null || :`,
        /full|room/,
      ],
    ] as const) {
      const prefix = [...inNamespace(mount), state];
      await assertRefused(home, { args: ['vm', 'list'], status: 1, says, prefix });
    }
    assert.deepEqual(filesOf(state), []);
  });
});

test('an empty database file is a new one', async () => {
  await inHome(async (home) => {
    const { state } = userPaths(home.env);
    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeFileSync(join(state, 'banger.db'), '');
    await assertNoVm(home);
    shown();
  });
});

test('directories of the environment that cannot be', async () => {
  await inHome(async (home) => {
    const long = join(home.directory, 'x'.repeat(100));
    mkdirSync(long, { mode: 0o700 });
    const file = join(home.directory, 'file');
    writeFileSync(file, '');
    const linked = join(home.directory, 'linked');
    mkdirSync(dirname(userPaths(home.env).state), { recursive: true, mode: 0o700 });
    symlinkSync(dirname(userPaths(home.env).state), linked);
    const open = join(home.directory, 'open');
    mkdirSync(join(open, 'banger'), { recursive: true });
    chmodSync(join(open, 'banger'), 0o777);
    for (const [env, says] of [
      [{ XDG_RUNTIME_DIR: long }, /too long a path for sockets; set XDG_RUNTIME_DIR/],
      [{ XDG_RUNTIME_DIR: open }, /open to other users; run `chmod 700/],
      [{ XDG_RUNTIME_DIR: file }, /there is a file where a directory should be/],
      [
        { XDG_RUNTIME_DIR: linked },
        /the runtime directory .* into the state directory .*; set XDG_RUNTIME_DIR/,
      ],
      [{ HOME: file }, /there is a file where a directory should be|EXIST/],
    ] as const) {
      await assertRefused(home, { args: ['vm', 'list'], status: 1, says, env });
    }
    const env = { BANGER_LOG_LEVEL: 'loud' };
    const says = /BANGER_LOG_LEVEL/;
    await assertRefused(home, { args: ['vm', 'create', '--no-start'], status: 1, says, env });
  });
});

test('a home that does not exist is made; without HOME the XDG directories serve', async () => {
  await inHome(async (home) => {
    const absent = join(home.directory, 'absent');
    await assertNoVm({ ...home, env: { ...home.env, HOME: absent } });
    await banger({ env: { ...home.env, HOME: absent } }, { args: ['daemon', 'stop'] });
    const xdg = Object.fromEntries(
      ['CONFIG', 'STATE', 'CACHE'].map((kind) => [`XDG_${kind}_HOME`, join(home.directory, kind)]),
    );
    const { HOME: _, ...without } = home.env;
    await assertNoVm({ ...home, env: { ...without, ...xdg } });
    await banger({ env: { ...without, ...xdg } }, { args: ['daemon', 'stop'] });
    shown();
    shown();
  });
});

test('a configuration that is wrong stops what needs it, and nothing else', async () => {
  await inHome(async (home) => {
    const file = configFile(userPaths(home.env));
    mkdirSync(dirname(file), { recursive: true });
    const lines: (string | Buffer)[] = [
      'memry = 1',
      'network = "bridge',
      'network = "nowhere"',
      'network = 5',
      '[vm_defaults]\nmemory = "2"',
      '[vm_defaults]\nvcpu = -1',
      '[vm_defaults]\nvcpu = 1.5',
      '[vm_defaults]\ndisk_size = ""',
      '[vm_default]\nvcpu = 1',
      'vm_defaults = 5',
      'qemu_bin = "relative/path"',
      'log_level = "loud"',
      'vmm = "none"',
      '= 5',
      'a = 1\na = 2',
      Buffer.from([0xff, 0xfe, 0x00]),
      'x'.repeat(2 * 1024 * 1024),
    ];
    for (const line of lines) {
      writeFileSync(file, line);
      const says = /config\.toml/;
      await assertRefused(home, { args: ['vm', 'create', '--no-start'], status: 1, says });
    }
    rmSync(file);
    mkdirSync(file);
    await assertRefused(home, {
      args: ['vm', 'create', '--no-start'],
      status: 1,
      says: /config\.toml cannot be read/,
    });
    await assertNoVm(home);
    for (const args of [['image', 'list'], ['daemon', 'status'], ['version'], ['kernel', 'list']]) {
      assert.equal((await banger(home, { args })).status, 0, args.join(' '));
    }
    const doctor = await banger(home, { args: ['doctor', '--json'] });
    const found: { check: string; status: string }[] = JSON.parse(doctor.stdout.toString());
    assert.equal(found.find(({ check }) => check === 'configuration')?.status, 'fail');
  });
});

test('a checkout that was not built says so', async () => {
  await inHome(async (home) => {
    const copy = join(home.directory, 'checkout');
    for (const part of ['bin', 'scripts', 'src', 'package.json', 'dbus']) {
      cpSync(join(checkout, part), join(copy, part), { recursive: true });
    }
    const run = async (...args: string[]) => ({
      args,
      ...(await runProgram(join(copy, 'bin/banger'), args, { env: home.env })),
    });
    const bare = await run('vm', 'list');
    assertOneLine(bare, { ...bare, status: 1, says: /not set up; run `make/ });
    symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'));
    const unbuilt = await run('vm', 'list');
    assertOneLine(unbuilt, { ...unbuilt, status: 1, says: /were not built; run `make build`/ });
    chmodSync(join(copy, 'bin/bangerd'), 0o600);
    const denied = await run('vm', 'list');
    assertOneLine(denied, { ...denied, status: 1, says: /bangerd did not start: .*[Pp]ermission denied/ });
    rmSync(join(copy, 'bin/bangerd'));
    const missing = await run('vm', 'list');
    assertOneLine(missing, { ...missing, status: 1, says: /bin\/bangerd is missing/ });
  });
});

test('output that cannot be written, input that is closed', async () => {
  await inHome(async (home) => {
    const shell = (script: string) =>
      runProgram('sh', ['-c', script, join(checkout, 'bin/banger')], { env: home.env });
    for (const command of ['--help', 'vm list --json', 'doctor']) {
      const full = await shell(`"$0" ${command} > /dev/full`);
      assert.equal(full.status, 1, command);
      assert.match(full.stderr, /^banger: the output cannot be written: .*\n$/, command);
      shown();
      const head = await shell(`"$0" ${command} | head -c 1`);
      assert.equal(head.stderr, '', command);
      shown();
    }
    const closed = await shell('"$0" vm list --json <&-');
    assert.deepEqual([closed.status, closed.stdout.toString()], [0, '[]\n']);
    const silent = await shell('"$0" vm show nope 2>&-');
    assert.equal(silent.status, 1);
    shown();
    shown();
  });
});

test('the count of cases', (t) => tellCount(t));

function filesOf(state: string): string[] {
  try {
    return readdirSync(state).sort();
  } catch {
    // It is no directory.
    return [];
  }
}

function replaced(state: string, make: (path: string) => void): void {
  rmSync(state, { recursive: true });
  make(state);
}

function giveAway(state: string): void {
  if (isRoot) chownSync(state, 12345, 12345);
  else replaced(state, (path) => symlinkSync('/usr', path));
}

function cutDatabase(file: string): void {
  const database = new Database(file);
  database.exec('CREATE TABLE a (b TEXT); CREATE TABLE c (d TEXT)');
  database.pragma('user_version = 1');
  database.close();
  truncateSync(file, 5000);
}

function ageDatabase(file: string): void {
  const database = new Database(file);
  database.pragma('user_version = 99');
  database.close();
}
