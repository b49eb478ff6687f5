import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
});
after(() => fixture[Symbol.asyncDispose]());

/** What is wrong with a command line: the words, the line that must be said. */
const misuses: [string, RegExp][] = [
  ['--memry', /unknown option --memry; see `banger --help`$/],
  ['constructor', /unknown command constructor; see `banger --help`$/],
  ['frobnicate', /unknown command frobnicate; see `banger --help`$/],
  ['vm', /which vm command\? run, create, .*; see `banger vm --help`$/],
  ['vm frobnicate', /unknown command vm frobnicate; there are run, .*`banger vm --help`$/],
  ['vm run --memry 2G', /unknown option --memry; see `banger vm run --help`$/],
  ['vm run . make test', /unexpected argument make; a command for the guest goes after --; see/],
  ['vm run --', /no command after --/],
  ['vm run --name', /option --name needs a value; see/],
  ['vm run --vcpu -1', /option --vcpu needs a value; "-1" looks like an option/],
  ['vm run --vcpu 0', /--vcpu "0": it must be a whole number/],
  ['vm run --memory 2048', /--memory "2048": it has no unit; write 2048M or 2048G$/],
  ['vm run --memory=-2G', /--memory "-2G": a size cannot be negative; write 2G$/],
  ['vm run --disk-size 1.5T', /--disk-size "1.5T": fractions are not taken; write 1536G$/],
  ['vm run --disk-size 99999P', /too large/],
  ['vm run --rm=yes', /option --rm takes no value/],
  ['vm run --name=', /--name is empty/],
  ['vm run --from main', /--from needs --branch; see `banger vm run --help`$/],
  ['vm run --branch work', /--branch needs a path; see `banger vm run --help`$/],
  [
    'vm run /nonexistent-path',
    /there is no directory \/nonexistent-path; give the directory of a git checkout$/,
  ],
  ['vm run /etc/passwd', /\/etc\/passwd is not a directory/],
  ['vm run --detach -- make', /--detach takes no command; run one later with `banger vm exec`; see/],
  ['vm run --detach --rm', /--detach and --rm exclude each other; see/],
  ['vm logs', /REF is missing; see `banger vm logs --help`$/],
  ['vm logs web --lines 0', /--lines "0": it must be a whole number from 1 to 999999; write one such as 2$/],
  [
    'vm logs web --lines=-1',
    /--lines "-1": it must be a whole number from 1 to 999999; write one such as 2$/,
  ],
  ['daemon logs --lines x', /--lines "x": it must be a whole number from 1 to 999999; write one such as 2$/],
  ['bench', /which bench command\? create; see `banger bench --help`$/],
  ['bench create --runs 0', /--runs "0": it must be a whole number from 1 to 999999; write one such as 2$/],
  ['bench create --image=', /--image is empty/],
  ['vm create .', /unexpected argument \.; see `banger vm create --help`$/],
  ['vm start', /which VM\? give a name or an id; see `banger vm start --help`$/],
  ['vm stop web --timeout soon', /--timeout "soon": it is not a duration; write a number and a unit/],
  ['vm show', /REF is missing; see `banger vm show --help`$/],
  ['vm show a b', /unexpected argument b; see/],
  ['vm list -- ls', /nothing may follow -- here/],
  ['vm exec web', /which command\? give it after --/],
  ['vm exec web ls', /unexpected argument ls; a command for the guest goes after --/],
  ['vm exec web -t -T -- ls', /--tty and --no-tty exclude each other/],
  ['vm exec web -e 1A=x -- ls', /--env "1A=x": "1A" is not a name for a variable/],
  ['vm exec web --env =x -- ls', /--env "=x": "" is not a name/],
  ['vm exec web --timeout 0s -- ls', /--timeout "0s": it must be more than nothing; write 30s or 10m/],
  ['vm exec web --timeout 30x -- ls', /--timeout "30x": the unit x is not known/],
  ['image delete', /which image\?/],
  ['kernel rm', /which kernel\?/],
  ['doctor now', /unexpected argument now/],
];

for (const [line, message] of misuses) {
  test(`wrong usage: banger ${line}`, async () => {
    const { status, stdout, stderr } = await fixture.run(line.split(' '));
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.equal(stderr.split('\n').length, 2, stderr);
    assert.match(stderr.trimEnd(), message);
    assert.deepEqual(fixture.daemon.calls, [], 'the daemon was asked for nothing');
  });
}

test('control characters in what was typed are not obeyed', async () => {
  const { stderr } = await fixture.run(['vm', 'run', '--\u001b[31mred']);
  assert.ok(!stderr.includes('\u001b'));
});

test('a path is checked before a VM is made for it', async () => {
  const plain = join(fixture.directory, 'plain');
  const repository = join(fixture.directory, 'repository', 'sub');
  mkdirSync(plain);
  mkdirSync(repository, { recursive: true });
  execFileSync('git', ['init', '-q', join(fixture.directory, 'repository')]);
  const notRepository = await fixture.run(['vm', 'run', plain]);
  assert.equal(notRepository.status, 125);
  assert.match(notRepository.stderr, /is not inside a git checkout; run `git init` there/);
  const badBranch = await fixture.run(['vm', 'run', repository, '--branch', 'a..b']);
  assert.equal(badBranch.status, 2);
  assert.match(badBranch.stderr, /a\.\.b is not a valid name for a branch/);
  const badRevision = await fixture.run(['vm', 'run', repository, '--branch', 'b', '--from', 'v9']);
  assert.equal(badRevision.status, 2);
  assert.match(badRevision.stderr, /has no revision v9/);
  assert.deepEqual(fixture.daemon.calls, []);
});

test('help and version need no daemon and go to stdout', async () => {
  const nowhere = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
  for (const args of [
    [],
    ['help'],
    ['--help'],
    ['vm', '--help'],
    ['help', 'vm', 'run'],
    ['vm', 'run', '-h'],
    ['vm', 'run', '--name', '--help'],
  ]) {
    const { status, stdout, stderr } = await fixture.run(args, { env: nowhere });
    assert.equal(status, 0, args.join(' '));
    assert.match(stdout, /Usage:/);
    assert.equal(stderr, '');
  }
  for (const args of [['--version'], ['version']]) {
    const { status, stdout } = await fixture.run(args, { env: nowhere });
    assert.equal(status, 0);
    assert.match(stdout, /^banger \d+\.\d+\.\d+\n$/);
  }
});

test('a reader that goes away does not crash the daemon', async () => {
  const { status, stderr } = await fixture.start(['--help'], {
    onOutput: (_, child) => child.stdout?.destroy(),
  });
  assert.ok(status === 0 || status === 1);
  assert.equal(stderr, '');
});

test('output that cannot be written is reported and fails the command', async () => {
  const full = openSync('/dev/full', 'w');
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main, '--help'], {
    stdio: ['ignore', full, 'pipe'],
    timeout: 30_000,
  });
  closeSync(full);
  assert.equal(status, 1);
  assert.match(stderr.toString(), /^banger: the output cannot be written: ENOSPC/);
});
