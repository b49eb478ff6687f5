import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { until } from '../support/program.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
/** Of the VM `web`, which runs. */
let id: string;
let consoleFile: string;
let vmmLogFile: string;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
  id = await fixture.daemon.addVm('web');
  [consoleFile, vmmLogFile] = await filesOf(id);
});
beforeEach(() => {
  for (const file of [consoleFile, vmmLogFile]) rmSync(file, { force: true });
});
after(() => fixture[Symbol.asyncDispose]());

async function filesOf(vm: string): Promise<[consoleFile: string, vmmLogFile: string]> {
  const logs = await fixture.daemon.vm(vm).call('Logs');
  return [String(logs.console_file), String(logs.vmm_log_file)];
}

test('the console and then the VMM, each under its title, also of a VM that failed', async () => {
  const machine = fixture.daemon.machines.of(await fixture.daemon.addVm('broken'));
  machine.say('one\r\ntwo\r\nno end');
  machine.end(1, null, 'qemu: it broke\n');
  const vm = fixture.daemon.vm(machine.spec.id);
  await until('it has failed', async () => (await vm.get('State')) === 'failed');
  const { status, stdout, stderr } = await fixture.run(['vm', 'logs', 'broken']);
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    '==> console of broken <==\none\ntwo\nno end\n\n==> VMM of broken <==\nqemu: it broke\n',
  );
});

test('a VMM that said nothing is not spoken of, and --vmm gives its words alone', async () => {
  writeFileSync(consoleFile, 'one\n');
  writeFileSync(vmmLogFile, '');
  assert.equal((await fixture.run(['vm', 'logs', 'web'])).stdout, '==> console of web <==\none\n');
  const silent = await fixture.run(['vm', 'logs', 'web', '--vmm']);
  assert.deepEqual([silent.status, silent.stdout], [0, '']);
  writeFileSync(vmmLogFile, 'qemu: it broke\n');
  assert.equal((await fixture.run(['vm', 'logs', 'web', '--vmm'])).stdout, 'qemu: it broke\n');
});

test('the journal of its unit comes last, since the last start, and harmless; without a journal there is none', async () => {
  writeFileSync(consoleFile, 'one\n');
  const programs = join(fixture.directory, 'programs');
  mkdirSync(programs, { recursive: true });
  const env = { PATH: `${programs}:${process.env.PATH}`, TZ: 'UTC' };
  const journalctl = (script: string) =>
    writeFileSync(join(programs, 'journalctl'), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  const entry = {
    __CURSOR: 'c',
    _SOURCE_REALTIME_TIMESTAMP: '1800000000000000',
    SYSLOG_IDENTIFIER: 'systemd',
    MESSAGE: `Stopped \u001b[2Jweb`,
  };
  const asked = join(fixture.directory, 'asked');
  journalctl(`echo "$@" >${asked}; echo '${JSON.stringify(entry)}'`);
  const { status, stdout, stderr } = await fixture.run(['vm', 'logs', 'web'], { env });
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    '==> console of web <==\none\n\n==> journal of web <==\n2027-01-15 08:00:00.000 systemd: Stopped web\n',
  );
  const unit = `banger-vm-${id}.service`;
  assert.match(
    readFileSync(asked, 'utf8'),
    new RegExp(
      `--since=@\\d+\\.\\d+ _SYSTEMD_USER_UNIT=${unit} \\+ USER_UNIT=${unit} \\+ SYSLOG_IDENTIFIER=banger-vm-${id} \\+ BANGER_VM_ID=${id}`,
    ),
  );
  journalctl('echo "No journal files were found." >&2; exit 1');
  const none = await fixture.run(['vm', 'logs', 'web'], { env });
  assert.deepEqual([none.status, none.stdout, none.stderr], [0, '==> console of web <==\none\n', '']);
});

test('--lines gives the last lines of each', async () => {
  writeFileSync(consoleFile, Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`).join(''));
  writeFileSync(vmmLogFile, 'a\nb\nc\n');
  const { stdout } = await fixture.run(['vm', 'logs', 'web', '-n', '2']);
  assert.equal(stdout, '==> console of web <==\nline 4998\nline 4999\n\n==> VMM of web <==\nb\nc\n');
});

test('what a hostile guest writes does nothing to a terminal; --raw gives its bytes', async () => {
  const hostile =
    '\u001b[32m OK \u001b[0m\tgrün 日本\u001b]0;title\u0007 \u001b\u001b[0m[31m \u009b2J\rover\u202e\u0007\n';
  writeFileSync(consoleFile, hostile);
  const { stdout } = await fixture.run(['vm', 'logs', 'web']);
  assert.equal(stdout.split('\n')[1], ' OK \tgrün 日本 \ufffd[31m \ufffd2J\ufffdover<U+202E>\ufffd');
  const raw = await fixture.run(['vm', 'logs', 'web', '--raw']);
  assert.equal(raw.stdout, hostile);
});

test('a line of megabytes without an end is shown in pieces', async () => {
  writeFileSync(consoleFile, 'x'.repeat(3_000_000));
  const { status, stdout } = await fixture.run(['vm', 'logs', 'web']);
  assert.equal(status, 0);
  assert.equal(stdout.replaceAll('\n', '').replace('==> console of web <==', '').length, 3_000_000);
});

test('a VM that was never started has no log, and that is said', async () => {
  await fixture.daemon.addVm('new', { start: false });
  const { status, stdout, stderr } = await fixture.run(['vm', 'logs', 'new']);
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(
    stderr,
    'banger: new was never started and said nothing yet; start it with `banger vm start new`\n',
  );
});

test('-f waits for a log that is not there yet, and Ctrl-C ends it with 130', async () => {
  const [file] = await filesOf(await fixture.daemon.addVm('later', { start: false }));
  setTimeout(() => writeFileSync(file, 'there\n'), 500);
  const { status, stdout } = await fixture.start(['vm', 'logs', '-f', 'later'], {
    onOutput: (all, child) => {
      if (all.includes('there')) child.kill('SIGINT');
    },
  });
  assert.equal(status, 130);
  assert.equal(stdout, '==> console of later <==\nthere\n');
});

// From here on there is no web.
test('-f follows the log, starts over when the log does, and ends with the VM', async () => {
  const steps: [after: string, act: () => void][] = [
    [
      'first\n',
      () => {
        appendFileSync(consoleFile, 'second, in ');
        setTimeout(() => appendFileSync(consoleFile, 'two parts\n'), 300);
      },
    ],
    ['second, in two parts\n', () => appendFileSync(vmmLogFile, 'a warning\n')],
    [
      'a warning\n',
      () => {
        truncateSync(consoleFile);
        setTimeout(() => appendFileSync(consoleFile, 'anew\n'), 300);
      },
    ],
    [
      'anew\n',
      () => {
        appendFileSync(consoleFile, 'last words');
        setTimeout(() => void fixture.daemon.deleteVm('web'), 300);
      },
    ],
  ];
  writeFileSync(consoleFile, 'first\n');
  writeFileSync(vmmLogFile, '');
  const { status, stdout, stderr } = await fixture.start(['vm', 'logs', '-f', 'web'], {
    onOutput: (all) => {
      if (steps[0] && all.endsWith(steps[0][0])) steps.shift()?.[1]();
    },
  });
  assert.equal(status, 0);
  assert.equal(
    stdout,
    [
      '==> console of web <==\nfirst\nsecond, in two parts\n',
      '\n==> VMM of web <==\na warning\n',
      '\n==> console of web, emptied and restarted <==\n',
      '\n==> console of web <==\nanew\nlast words\n',
    ].join(''),
  );
  assert.equal(stderr, 'banger: web was deleted\n');
});

const stateDirectory = () => join(fixture.directory, '.local/state/banger');

test('daemon logs: time, level, message and what it is about; no daemon is started or asked', async () => {
  await fixture.daemon.crash();
  mkdirSync(stateDirectory(), { recursive: true });
  writeFileSync(
    join(stateDirectory(), 'bangerd.log'),
    [
      '{"level":30,"time":"2026-01-31T12:00:00.123Z","pid":1,"vm":"abc","msg":"it runs"}',
      '{"level":50,"time":"2026-01-31T12:00:01.000Z","pid":1,"why":"a b\\u009b","n":3,"msg":"it \\u001bfails"}',
      '{"level":30,"time":"2026-01-31T12',
      '',
    ].join('\n'),
  );
  const env = { TZ: 'UTC' };
  const { status, stdout } = await fixture.run(['daemon', 'logs'], { env });
  assert.equal(status, 0);
  assert.equal(
    stdout,
    [
      '2026-01-31 12:00:00.123 INFO  it runs  vm=abc\n',
      '2026-01-31 12:00:01.000 ERROR it \ufffdfails  why="a b\ufffd"  n=3\n',
      '- -     {"level":30,"time":"2026-01-31T12\n',
    ].join(''),
  );
  const east = await fixture.run(['daemon', 'logs', '-n', '3'], { env: { TZ: 'Asia/Tokyo' } });
  assert.match(east.stdout, /^2026-01-31 21:00:00\.123 INFO/);
  const json = await fixture.run(['daemon', 'logs', '--json', '--lines', '2'], { env });
  const lines = json.stdout.trimEnd().split('\n');
  assert.deepEqual(JSON.parse(lines[0] ?? '').why, 'a b\u009b');
  assert.ok(!json.stdout.includes('\u009b'));
  assert.deepEqual(JSON.parse(lines[1] ?? ''), { msg: '{"level":30,"time":"2026-01-31T12' });
});

test('daemon logs -f follows until Ctrl-C; without a log it says so', async () => {
  const log = join(stateDirectory(), 'bangerd.log');
  rmSync(log, { force: true });
  const none = await fixture.run(['daemon', 'logs']);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /^banger: there is no log at .*bangerd\.log; /);
  mkdirSync(stateDirectory(), { recursive: true });
  writeFileSync(log, '{"level":30,"msg":"one"}\n');
  const { status, stdout } = await fixture.start(['daemon', 'logs', '-f'], {
    onOutput: (all, child) => {
      if (all.endsWith('one\n')) appendFileSync(log, '{"level":40,"msg":"two"}\n');
      if (all.endsWith('two\n')) child.kill('SIGINT');
    },
  });
  assert.equal(status, 130);
  assert.equal(stdout, '- INFO  one\n- WARN  two\n');
});
