/** The user's files in a guest, over several starts. test/guest-sync has every case without one. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
const own = join(home.directories[0], 'synced');
const secret = 'SECRET-OF-THE-USER';

function host(name: string, content: string, mode = 0o644): void {
  writeFileSync(join(own, name), content, { mode });
  chmodSync(join(own, name), mode);
}

function configure(...entries: { host: string; guest: string; mode?: string }[]): void {
  const tables = entries.map((entry) => {
    const lines = Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    return `[[file_sync]]\n${lines.join('')}`;
  });
  home.configure(tables.join('\n'));
}

const usual = [
  { host: '~/synced/gitconfig', guest: '~/.gitconfig' },
  { host: '~/synced/aws', guest: '~/.aws' },
  { host: '~/synced/tool', guest: '/root/.config/tool/run', mode: '0755' },
  { host: '~/synced/bashrc', guest: '~/.bashrc' },
];

/** Starts the stopped VM again and gives the warnings, as `vm start` tells them and as `vm show` does. */
async function again(): Promise<string[]> {
  const { status, stderr } = await home.run(['vm', 'start', 'synced']);
  assert.equal(status, 0, stderr);
  const told = stderr
    .split('\n')
    .filter((line) => line.startsWith('note: synced: '))
    .map((line) => line.slice('note: synced: '.length));
  assert.deepEqual((await home.show('synced')).warnings, told);
  return told;
}

const found = (...paths: string[]) =>
  home.script('synced', `cd /root; stat -c '%n %F %a %U:%G' ${paths.join(' ')}`);

test.before(() => {
  rmSync(own, { recursive: true, force: true });
  mkdirSync(join(own, 'aws/sso'), { recursive: true });
  chmodSync(join(own, 'aws'), 0o750);
  host('gitconfig', '[user]\n  name = me\n');
  host('aws/credentials', `key = ${secret}\n`, 0o640);
  host('aws/sso/token', `token = ${secret}\n`, 0o600);
  symlinkSync('credentials', join(own, 'aws/latest'));
  execFileSync('mkfifo', [join(own, 'aws/pipe')]);
  host('tool', '#!/bin/sh\necho tool\n');
  host('bashrc', '# of the host\n');
});

test('a new VM has the files before anybody logs in, with the right owner and modes', async () => {
  configure(...usual, { host: '~/synced/missing', guest: '~/.missing' });
  const created = await home.run(['vm', 'create', '--name', 'synced', '--vcpu', '1', '--memory', '512M']);
  assert.equal(created.status, 0, created.stderr);
  const { warnings, id } = await home.show('synced');
  assert.equal((warnings as string[]).length, 2, JSON.stringify(warnings));
  assert.match(String(warnings), /aws\/pipe\) is a named pipe and is left out/);
  assert.match(String(warnings), /synced\/missing does not exist on the host/);
  for (const warning of warnings as string[]) {
    assert.ok(created.stderr.includes(`note: synced: ${warning}\n`), created.stderr);
  }
  assert.deepEqual(
    (await found('.gitconfig', '.aws', '.aws/*', '.aws/sso/token', '.config', '.config/tool/run')).split(
      '\n',
    ),
    [
      '.gitconfig regular file 600 root:root',
      '.aws directory 750 root:root',
      '.aws/credentials regular file 640 root:root',
      '.aws/latest symbolic link 777 root:root',
      '.aws/sso directory 755 root:root',
      '.aws/sso/token regular file 600 root:root',
      '.config directory 700 root:root',
      '.config/tool/run regular file 755 root:root',
    ],
  );
  assert.equal(
    await home.script('synced', 'cat /root/.aws/latest /root/.bashrc; /root/.config/tool/run'),
    `key = ${secret}\n# of the host\ntool`,
  );
  // No second copy stays on the host, and none is in a log.
  const { state } = home.files(id);
  assert.equal(statSync(join(state, 'seed.tar')).mode & 0o777, 0o600);
  for (const file of ['seed.tar', 'console.log', 'vmm.log', '../../bangerd.log', '../../banger.db']) {
    assert.ok(!readFileSync(join(state, file)).includes(secret), file);
  }
});

test('file_sync updates files that the guest did not edit and keeps those that it did', async () => {
  await home.script(
    'synced',
    `cd /root; echo edited >>.gitconfig; rm .config/tool/run; rm -r .aws
     mkdir -p /opt/aws; ln -s /opt/aws .aws; touch .missing`,
  );
  await home.banger('vm', 'stop', 'synced');
  rmSync(join(own, 'aws/pipe'));
  host('gitconfig', '[user]\n  name = new\n');
  host('bashrc', '# newer\n');
  configure(...usual);
  assert.deepEqual(await again(), [
    'the guest says: file_sync: /root/.aws is kept: the guest has a symbolic link there',
    'the guest says: file_sync: /root/.gitconfig was changed in the guest and is kept as it is there',
  ]);
  assert.equal(
    await home.script(
      'synced',
      'cd /root; tail -1 .gitconfig; cat .bashrc; .config/tool/run; ls -A /opt/aws',
    ),
    'edited\n# newer\ntool',
  );
});

test('a file that cannot be read on the host fails the start before the guest boots', async () => {
  await home.banger('vm', 'stop', 'synced');
  const { id } = await home.show('synced');
  const console = readFileSync(join(home.files(id).state, 'console.log'));
  // These stop root as well, which the tests may run as.
  symlinkSync('loop', join(own, 'loop'));
  execFileSync('mkfifo', [join(own, 'pipe')]);
  for (const [path, why] of [
    ['loop', /file_sync\[1\] \(.*synced\/loop\) cannot be read: its links lead in a circle; /],
    ['tool/below', /file_sync\[1\] \(.*synced\/tool\/below\) cannot be read: there is a file where/],
    ['pipe', /file_sync\[1\] \(.*synced\/pipe\) is neither a file nor a directory/],
  ] as const) {
    configure({ host: '~/synced/tool', guest: '~/tool' }, { host: `~/synced/${path}`, guest: '~/x' });
    const { status, stderr } = await home.run(['vm', 'start', 'synced']);
    assert.equal(status, 1);
    assert.match(stderr, why);
    assert.equal((await home.show('synced')).state, 'failed');
    assert.deepEqual(readFileSync(join(home.files(id).state, 'console.log')), console, 'it was booted');
  }
});

test('a full disk of the guest gets whole files or none', async () => {
  configure({ host: '~/synced/small', guest: '~/small' }, { host: '~/synced/big', guest: '~/big' });
  host('small', 'old\n');
  host('big', 'old\n');
  await again();
  // Of blocks that nobody wrote the host keeps none. What is left over is less than the file that comes.
  await home.script(
    'synced',
    'fallocate -l 2M /root/spare; fallocate -l 9G /root/fill 2>/dev/null || rm /root/spare; sync; df /root',
  );
  await home.banger('vm', 'stop', 'synced');
  host('big', 'new\n'.repeat(3_000_000));
  host('small', 'new\n');
  const warnings = await again();
  assert.deepEqual(
    warnings.filter((warning) => warning.startsWith('the guest says: file_sync')),
    ["the guest says: file_sync: /root/big is not written: the guest's disk is full"],
  );
  assert.equal(
    await home.script(
      'synced',
      'cat /root/big /root/small; rm /root/fill; ls /run/initramfs/banger/work/file-sync',
    ),
    'old\nnew\nrecord',
  );
});

test('files that are no longer configured are removed, unless the guest changed them', async () => {
  await home.banger('vm', 'stop', 'synced');
  home.configure();
  assert.deepEqual(await again(), []);
  assert.equal(
    await home.script(
      'synced',
      'cd /root; ls -d .gitconfig .bashrc .config .aws big small 2>/dev/null || true',
    ),
    '.aws\n.gitconfig',
  );
  assert.equal(await home.script('synced', 'ls -A /run/initramfs/banger/work/file-sync'), '');
});

test('nothing is left', async () => {
  rmSync(own, { recursive: true });
  await home.close();
});
