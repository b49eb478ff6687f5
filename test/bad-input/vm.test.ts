import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeArtifacts, rootfsBytes } from '../support/artifacts.ts';
import { runProgram } from '../support/program.ts';
import { commitAll, git, makeRepository } from '../support/repository.ts';
import {
  assertNoVm,
  assertOneLine,
  assertRefused,
  banger,
  each,
  inHome,
  runHere,
  shown,
  tellCount,
} from './support.ts';

runHere();

const create = (name: string) => ['vm', 'create', '--no-start', `--name=${name}`];

test('names that cannot be', async () => {
  const names = [
    'a/b',
    '/',
    '..',
    '.',
    'a.b',
    'a b',
    ' web',
    'web ',
    'x'.repeat(64),
    'x'.repeat(300),
    'naïve',
    '日本',
    '💥',
    '-web',
    'web-',
    '-',
    '--help',
    '--',
    'Web',
    'WEB',
    'web_1',
    'a\nb',
    '\u001b[31m',
    '$(id)',
    '`id`',
    '*',
    '~',
    'a:b',
    '٣',
  ];
  await inHome(async (home) => {
    makeArtifacts(home);
    await each(names, (name) =>
      assertRefused(home, { args: create(name), status: 2, says: /cannot name a VM; / }),
    );
    await assertRefused(home, { args: create(''), status: 2, says: /--name is empty; / });
    await assertNoVm(home);
  });
});

test('sizes that are out of range, and what there is not', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    const web = create('web');
    for (const option of [
      '--vcpu=65',
      '--vcpu=999999',
      '--memory=1K',
      '--memory=255M',
      '--memory=2T',
      '--memory=1024P',
      '--disk-size=1M',
      '--disk-size=17T',
      '--disk-size=1024P',
    ]) {
      await assertRefused(home, {
        args: [...web, option],
        status: 2,
        says: /is out of range; give from |is too large; write/,
      });
    }
    await assertRefused(home, {
      args: [...web, '--network=nat'],
      status: 2,
      says: /no network mode "nat"; /,
    });
    for (const image of ['nope', '../../etc', 'a b', 'x'.repeat(300), '-x']) {
      await assertRefused(home, { args: [...web, `--image=${image}`], status: 1, says: /image .*; / });
    }
    for (const [kind, verb] of [
      ['image', 'show'],
      ['image', 'delete'],
      ['image', 'pull'],
      ['kernel', 'show'],
      ['kernel', 'rm'],
      ['kernel', 'pull'],
    ]) {
      for (const name of ['nope', '', '../x']) {
        await assertRefused(home, {
          args: [kind ?? '', verb ?? '', name],
          status: 1,
          says: /no (image|kernel) /,
        });
      }
    }
    for (const args of [['show'], ['start'], ['stop'], ['delete', '--yes']]) {
      for (const name of ['nope', '', 'x'.repeat(300), '../web']) {
        await assertRefused(home, { args: ['vm', ...args, name], status: 1, says: /no VM ".*; / });
      }
    }
    await assertRefused(home, {
      args: ['vm', 'exec', 'nope', '--', 'ls'],
      status: 125,
      says: /no VM "nope"; /,
    });
    await assertRefused(home, { args: ['vm', 'ssh', 'nope'], status: 125, says: /no VM "nope"; / });
    await assertNoVm(home);
  });
});

test('a name that is taken, one at a time and by a race; a name like an id', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    const makers = await Promise.all(Array.from({ length: 5 }, () => banger(home, { args: create('web') })));
    const losers = makers.filter(({ status }) => status !== 0);
    assert.equal(losers.length, 4);
    const taken = { args: create('web'), status: 1, says: /a VM named web exists; choose another name/ };
    for (const loser of losers) assertOneLine(loser, taken);
    await assertRefused(home, taken);
    const listed = await banger(home, { args: ['vm', 'list', '--json'] });
    const [vm, ...others] = JSON.parse(listed.stdout.toString());
    assert.deepEqual([vm.name, others], ['web', []]);
    // Whoever means the one by its id would get the other.
    await assertRefused(home, { args: create(vm.id), status: 1, says: /is the id of the VM web; choose/ });
    assert.equal((await banger(home, { args: create('a123456789') })).status, 0);
    await assertRefused(home, {
      args: ['vm', 'exec', 'web', '--', 'ls'],
      status: 125,
      says: /is stopped, not running; /,
    });
    await assertRefused(home, {
      args: ['image', 'delete', 'debian-bookworm'],
      status: 1,
      says: /is used by the VM .*; /,
    });
    assert.equal((await banger(home, { args: ['vm', 'delete', '--yes', 'web', 'a123456789'] })).status, 0);
    await assertNoVm(home);
  });
});

test('an image or a kernel that is damaged stops the start before anything runs', async () => {
  await inHome(async (home) => {
    const { image, kernel } = makeArtifacts(home);
    assert.equal((await banger(home, { args: create('web') })).status, 0);
    const damages: [() => void, RegExp][] = [
      [() => truncateSync(join(image, 'rootfs'), 100), /rootfs has changed since the image was made; /],
      [
        () => truncateSync(join(image, 'rootfs'), rootfsBytes * 2),
        /rootfs has changed since the image was made; /,
      ],
      [() => rmSync(join(image, 'rootfs')), /rootfs.*; /],
      [() => rmSync(join(kernel, 'modules.squashfs')), /modules\.squashfs.*; /],
      [
        () => writeFileSync(join(image, 'manifest.json'), 'garbage'),
        /manifest\.json is damaged .*; delete the image/,
      ],
      [
        () => writeFileSync(join(image, 'manifest.json'), '{"rootfs":"../x"}'),
        /manifest\.json is damaged .*; delete/,
      ],
      [() => rmSync(join(image, 'manifest.json')), /manifest\.json is damaged .*; delete the image/],
      [() => rmSync(image, { recursive: true }), /manifest\.json is damaged .*; delete the image/],
    ];
    for (const [damage, says] of damages) {
      makeArtifacts(home);
      damage();
      await assertRefused(home, { args: ['vm', 'start', 'web'], status: 1, says });
    }
    const shownVm = await banger(home, { args: ['vm', 'show', 'web', '--json'] });
    assert.notEqual(JSON.parse(shownVm.stdout.toString()).state, 'running');
    assert.equal((await banger(home, { args: ['vm', 'delete', '--yes', 'web'] })).status, 0);
  });
});

test('what a stopped VM cannot become', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    assert.equal((await banger(home, { args: create('web') })).status, 0);
    const show = async () =>
      (await banger(home, { args: ['vm', 'show', 'web', '--json'] })).stdout.toString();
    const before = await show();
    const set = ['vm', 'set', 'web'];
    for (const [option, says] of [
      ['--vcpu=0', /--vcpu|out of range/],
      ['--vcpu=65', /vcpus 65 is out of range; give from 1 to/],
      ['--vcpu=-1', /--vcpu/],
      ['--vcpu=1.5', /--vcpu/],
      ['--vcpu=two', /--vcpu/],
      ['--vcpu=', /--vcpu/],
      ['--vcpu=99999999999999999999', /--vcpu|out of range/],
      ['--memory=0', /memory/],
      ['--memory=1K', /memory .* is out of range; give from/],
      ['--memory=2T', /memory .* is out of range; give from/],
      ['--memory=-2G', /--memory/],
      ['--memory=2X', /--memory/],
      ['--memory=1024P', /--memory/],
      ['--disk-size=0', /disk/],
      ['--disk-size=1M', /disk size .* is out of range; give from/],
      ['--disk-size=4G', /only grows; give it more than that/],
      ['--disk-size=17T', /disk size .* is out of range; give from/],
      ['--disk-size=8G', /already has these settings .*; nothing was changed/],
      ['--disk-size=big', /--disk-size/],
    ] as const) {
      await assertRefused(home, { args: [...set, option], status: 2, says });
    }
    await assertRefused(home, { args: set, status: 2, says: /what is to change\?/ });
    assert.equal(await show(), before);
    assert.equal((await banger(home, { args: ['vm', 'delete', '--yes', 'web'] })).status, 0);
  });
});

test('a path that holds no checkout makes no VM', async (context) => {
  const repository = await makeRepository(context);
  writeFileSync(join(repository, 'file'), '');
  await commitAll(repository, 'one');
  await inHome(async (home) => {
    makeArtifacts(home);
    const at = (name: string) => join(home.directory, name);
    await git(home.directory, 'init', '--quiet', '--bare', at('bare.git'));
    mkdirSync(at('plain'));
    symlinkSync('loop', at('loop'));
    writeFileSync(at('file'), '');
    const run = (words: string[], status: number, says: RegExp) =>
      assertRefused(home, { args: ['vm', 'run', ...words, '--', 'true'], status, says });
    await run([at('bare.git')], 125, /is a bare repository, which has no files to copy; clone it/);
    await run([at('plain')], 125, /is not inside a git checkout; run `git init` there/);
    await run([at('absent')], 2, /there is no directory .*; give/);
    await run([at('file')], 2, /is not a directory; give/);
    await run([at('loop')], 2, /cannot be read \(ELOOP\); check/);
    await run([`${at('odd')} \n\u001b[31m`], 2, /there is no directory .*; give/);
    for (const branch of ['a..b', 'a b', '-x', 'x.lock', '']) {
      await run([repository, `--branch=${branch}`], 2, /branch.*; /);
    }
    await run([repository, '--branch=new', '--from=nope'], 2, /has no revision nope; give one/);
    await assertNoVm(home);
  });
});

test('what does not fit on the bus is refused by name, without a stack', async () => {
  await inHome(async (home) => {
    makeArtifacts(home);
    await assertNoVm(home);
    const status = await banger(home, { args: ['daemon', 'status', '--json'] });
    const { bus_address: address } = JSON.parse(status.stdout.toString());
    const manager = '/org/banger/Manager1';
    const one = 'org.banger.Manager1';
    const cases: [args: string[], says: RegExp][] = [
      [
        [manager, one, 'CreateVM', 'sa{sv}', 'web', '1', 'colour', 's', 'red'],
        /unknown option "colour"; this call takes/,
      ],
      [
        [manager, one, 'CreateVM', 'sa{sv}', 'web', '1', 'memory', 's', '2G'],
        /option memory must be of type integer; /,
      ],
      [
        [manager, one, 'CreateVM', 'sa{sv}', 'web', '1', 'vcpus', 'i', '-1'],
        /option vcpus must be of type integer; /,
      ],
      [[manager, one, 'CreateVM', 'sa{sv}', 'web', '1', 'vcpus', 't', '18446744073709551615'], /; /],
      [[manager, one, 'CreateVM', 'sa{sv}', '../x', '0'], /cannot name a VM; /],
      [[manager, one, 'CreateVM', 'sa{sv}', 'x'.repeat(100_000), '0'], /cannot name a VM; /],
      [[manager, one, 'CreateVM', 's', 'web'], /takes arguments of the type 'sa\{sv\}'/],
      [[manager, one, 'GetVM', 's', 'x'.repeat(100_000)], /no VM/],
      [[manager, one, 'Nope'], /no method Nope/],
      [[manager, 'org.banger.Nope1', 'CreateVM'], /no interface org\.banger\.Nope1/],
      [['/org/banger/vms/nope', 'org.banger.VM1', 'Start', 'a{sv}', '0'], /no object/],
      [['/', one, 'ListVMs'], /no (object|interface)/],
      [[manager, 'org.freedesktop.DBus.Properties', 'Get', 'ss', one, 'constructor'], /no property/],
      [[manager, 'org.freedesktop.DBus.Properties', 'Set', 'ssv', one, 'Version', 's', '1'], /Version/],
      [
        [manager, 'org.freedesktop.DBus.Properties', 'Set', 'ssv', one, 'LogLevel', 's', 'loud'],
        /no log level "loud"; /,
      ],
    ];
    for (const [args, says] of cases) {
      const call = ['busctl', `--address=${address}`, '--', 'call', one, ...args] as const;
      const { status: code, stderr } = await runProgram(call[0], call.slice(1), { env: home.env });
      assert.equal(code, 1, stderr);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.doesNotMatch(stderr, /\.ts:\d|\bat .*:\d+:\d+|internal error/);
      shown();
    }
    await assertNoVm(home);
  });
});

test('the count of cases', (t) => tellCount(t));
