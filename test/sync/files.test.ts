import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileSync } from '../../src/config/config.ts';
import { maxSyncedBytes, maxSyncedEntries } from '../../src/sync/allowance.ts';
import { syncedFiles } from '../../src/sync/files.ts';
import type { TarEntry } from '../../src/tar/write.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A directory of the host, and what guests would get of it. */
class Host {
  readonly top: string;

  constructor(t: Pick<TestContext, 'after'>) {
    this.top = temporaryDirectory(t);
  }

  path(name: string): string {
    return join(this.top, name);
  }

  write(name: string, content: string | Buffer, mode = 0o644): void {
    writeFileSync(this.path(name), content);
    chmodSync(this.path(name), mode);
  }

  directory(name: string, mode = 0o755): void {
    mkdirSync(this.path(name));
    chmodSync(this.path(name), mode);
  }

  /** @param during what happens on the host after the first entry was read */
  async files(configured: readonly (Omit<FileSync, 'host'> & { name: string })[], during = () => {}) {
    const warnings: string[] = [];
    const entries: string[] = [];
    const syncs = configured.map(({ name, ...rest }) => ({ host: this.path(name), ...rest }));
    for await (const entry of syncedFiles(syncs, (text) => warnings.push(text))) {
      if (entries.length === 0) during();
      entries.push(shown(entry));
    }
    return { entries: entries.sort(), warnings: warnings.map((text) => text.replaceAll(this.top, '~')) };
  }
}

function shown(entry: TarEntry): string {
  const name = Buffer.from(entry.name).toString('latin1');
  const rest = entry.kind === 'file' ? entry.content : entry.kind === 'symlink' ? entry.target : '';
  return `${entry.kind} ${entry.mode.toString(8)} ${name} ${rest}`.trimEnd();
}

test('a file is 600 whatever it is on the host, or as configured, in directories that are to be there', async (t) => {
  const host = new Host(t);
  host.write('a', 'content', 0o4755);
  const { entries, warnings } = await host.files([
    { name: 'a', guest: '/root/a' },
    { name: 'a', guest: '/root/.config/tool/a', mode: 0o640 },
    { name: 'a', guest: '/root/.config/b' },
  ]);
  assert.deepEqual(entries, [
    'directory 700 parents/.config',
    'directory 700 parents/.config/tool',
    'file 600 root/.config/b content',
    'file 600 root/a content',
    'file 640 root/.config/tool/a content',
  ]);
  assert.deepEqual(warnings, []);
});

test('a directory goes with all that is in it and the modes it has, but no setuid and no link followed', async (t) => {
  const host = new Host(t);
  host.directory('d', 0o2750);
  host.directory('d/sub', 0o700);
  host.directory('d/empty', 0o1777);
  host.write('d/run', 'x', 0o4711);
  host.write('d/sub/empty', '', 0o400);
  host.write('d/é\n', 'odd');
  writeFileSync(Buffer.concat([Buffer.from(host.path('d/')), Buffer.from([0xff])]), 'raw');
  symlinkSync('/etc', host.path('d/etc'));
  symlinkSync('nowhere', host.path('d/dangling'));
  // The configured path itself is followed.
  symlinkSync('d', host.path('link'));
  const expected = (name: string) => [
    `directory 700 root/${name}/sub`,
    `directory 750 root/${name}`,
    `directory 777 root/${name}/empty`,
    `file 400 root/${name}/sub/empty`,
    `file 644 root/${name}/\u00c3\u00a9\n odd`,
    `file 644 root/${name}/\u00ff raw`,
    `file 711 root/${name}/run x`,
    `symlink 777 root/${name}/dangling nowhere`,
    `symlink 777 root/${name}/etc /etc`,
  ];
  assert.deepEqual(await host.files([{ name: 'd', guest: '/root/d' }]), {
    entries: expected('d').sort(),
    warnings: [],
  });
  assert.deepEqual((await host.files([{ name: 'link', guest: '/root/x' }])).entries, expected('x').sort());
});

test('what is missing is left out with a warning, and what the guest has of it stays', async (t) => {
  const host = new Host(t);
  symlinkSync('nowhere', host.path('dangling'));
  assert.deepEqual(
    await host.files([
      { name: 'absent', guest: '/root/.config/a' },
      { name: 'absent/below', guest: '/root/b' },
      { name: 'dangling', guest: '/root/c' },
    ]),
    {
      entries: ['file 600 kept/.config/a', 'file 600 kept/b', 'file 600 kept/c'],
      warnings: ['absent', 'absent/below', 'dangling'].map(
        (name, index) =>
          `file_sync[${index}] is skipped: ~/${name} does not exist on the host; the guest keeps its copy`,
      ),
    },
  );
});

test('special files in a directory are left out with a warning, and never waited for', async (t) => {
  const host = new Host(t);
  host.directory('d');
  execFileSync('mkfifo', [host.path('d/pipe')]);
  const server = createServer().listen(host.path('d/socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { entries, warnings } = await host.files([{ name: 'd', guest: '/root/d' }]);
  assert.deepEqual(entries, ['directory 755 root/d', 'file 600 kept/d/pipe', 'file 600 kept/d/socket']);
  assert.deepEqual(warnings.sort(), [
    'file_sync[0] (~/d/pipe) is a named pipe and is left out',
    'file_sync[0] (~/d/socket) is a socket and is left out',
  ]);
});

test('what vanishes or turns into something else between listing and reading is left out', async (t) => {
  const host = new Host(t);
  host.directory('d');
  for (const name of ['gone', 'link', 'pipe', 'stays']) host.write(`d/${name}`, name);
  const { entries, warnings } = await host.files([{ name: 'd', guest: '/root/d' }], () => {
    for (const name of ['gone', 'link', 'pipe']) rmSync(host.path(`d/${name}`));
    symlinkSync('/etc/passwd', host.path('d/link'));
    execFileSync('mkfifo', [host.path('d/pipe')]);
  });
  assert.deepEqual(entries, [
    'directory 755 root/d',
    'file 600 kept/d/gone',
    'file 600 kept/d/link',
    'file 600 kept/d/pipe',
    'file 644 root/d/stays stays',
  ]);
  assert.deepEqual(
    warnings.sort(),
    ['gone', 'link', 'pipe'].map(
      (name) => `file_sync[0] (~/d/${name}) was removed while it was read; the guest keeps its copy`,
    ),
  );
});

test('a file that changes all the time is copied whole and reported', async (t) => {
  const host = new Host(t);
  host.write('log', Buffer.alloc(maxSyncedBytes));
  // Its first byte is written again all the time, and it is long enough that reading it takes a while.
  const script = 'while :; do printf x 1<>"$1"; done';
  const writer = spawn('sh', ['-c', script, 'sh', host.path('log')], { stdio: 'ignore' });
  const gone = once(writer, 'exit');
  try {
    await once(writer, 'spawn');
    const giveUp = performance.now() + 30_000;
    let warnings: string[] = [];
    while (warnings.length === 0 && performance.now() < giveUp) {
      const seen = await host.files([{ name: 'log', guest: '/root/log' }]);
      assert.equal(seen.entries.length, 1);
      warnings = seen.warnings;
    }
    assert.equal(warnings.length, 1, 'it was never seen to change');
    assert.match(warnings[0] ?? '', /changes all the time/);
  } finally {
    // Before the directory is removed: a writer that makes the file again would be in the way of that.
    writer.kill('SIGKILL');
    await gone;
  }
});

test('what cannot be read, or makes no sense, is one error that names the entry', async (t) => {
  const host = new Host(t);
  host.write('file', 'x');
  host.directory('d');
  // A missing permission would not stop root, as whom the tests may run; these do.
  symlinkSync('loop', host.path('loop'));
  execFileSync('mkfifo', [host.path('pipe')]);
  const cases: [string, number | undefined, string, RegExp][] = [
    [
      'loop',
      undefined,
      'HostNotReady',
      /^file_sync\[1\] \(.*\/loop\) cannot be read: its links .*; correct that, or take/,
    ],
    [
      'file/below',
      undefined,
      'HostNotReady',
      /^file_sync\[1\] \(.*\/file\/below\) cannot be read: there is a file where/,
    ],
    ['n'.repeat(300), undefined, 'HostNotReady', /^file_sync\[1\] .* cannot be read: the path is too long/],
    ['pipe', undefined, 'InvalidConfig', /^file_sync\[1\] \(.*\/pipe\) is neither a file nor a directory/],
    ['d', 0o600, 'InvalidConfig', /^file_sync\[1\] \(.*\/d\) is a directory, .*remove mode$/],
  ];
  for (const [name, mode, code, message] of cases) {
    const wrong = { name, guest: '/root/x', ...(mode !== undefined && { mode }) };
    const good = { name: 'file', guest: '/root/y' };
    await assert.rejects(host.files([good, wrong]), { code, message });
  }
});

test('too much is an error that says what to do', async (t) => {
  const host = new Host(t);
  host.write('big', '');
  truncateSync(host.path('big'), maxSyncedBytes + 1);
  const message = /makes it more than 16M, the most that is synced at a start; name less/;
  await assert.rejects(host.files([{ name: 'big', guest: '/root/big' }]), { code: 'InvalidConfig', message });
  truncateSync(host.path('big'), maxSyncedBytes);
  assert.equal((await host.files([{ name: 'big', guest: '/root/big' }])).entries.length, 1);
  host.write('more', 'x');
  const both = [
    { name: 'big', guest: '/root/big' },
    { name: 'more', guest: '/root/more' },
  ];
  await assert.rejects(host.files(both), { code: 'InvalidConfig', message });
  host.directory('many');
  for (let count = 1; count < maxSyncedEntries; count++) writeFileSync(host.path(`many/${count}`), '');
  assert.equal((await host.files([{ name: 'many', guest: '/root/many' }])).entries.length, maxSyncedEntries);
  writeFileSync(host.path('many/one-more'), '');
  await assert.rejects(host.files([{ name: 'many', guest: '/root/many' }]), {
    code: 'InvalidConfig',
    message: /more than 10000 files/,
  });
});
