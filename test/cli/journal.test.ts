import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { journalCommand, parseJournalEntry } from '../../src/client/logs/journal.ts';
import { type Fixture, startFixture } from './fixture.ts';

/** Has two entries, and a third for those who follow from the second on. */
const journalctl = `#!/bin/sh
echo "$*" >> "$0.args"
case "$*" in
*--lines=1*) cat "$0.last" ;;
*--after-cursor=c2*) cat "$0.later"; exec sleep 60 ;;
*) cat "$0.first" ;;
esac
`;
const first = {
  __CURSOR: 'c1',
  __REALTIME_TIMESTAMP: '1769860800123000',
  PRIORITY: '6',
  MESSAGE: 'ready',
  _PID: '7',
  BANGER_VM_ID: 'abc',
  BANGER_JOB_ID: '3',
};
const second = {
  __CURSOR: 'c2',
  _SOURCE_REALTIME_TIMESTAMP: '1769860801000000',
  __REALTIME_TIMESTAMP: '1769860809000000',
  PRIORITY: '3',
  MESSAGE: [105, 116, 32, 155, 27, 98],
  _PID: '7',
  BANGER_ERROR: 'no',
  BANGER_ERROR_STACK: 'Error: no\n    at x',
};
const later = { ...first, __CURSOR: 'c3', PRIORITY: '4', MESSAGE: 'later' };
let fixture: Fixture;
let program: string;
before(async () => {
  fixture = await startFixture();
  program = join(fixture.directory, 'bin/journalctl');
  const lines = { first: [first, second], last: [second], later: [later] };
  for (const [name, entries] of Object.entries(lines)) {
    writeFileSync(`${program}.${name}`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  }
  writeFileSync(program, journalctl);
  chmodSync(program, 0o755);
});
after(() => fixture[Symbol.asyncDispose]());

const env = { TZ: 'UTC' };

test('daemon logs reads the journal where the daemon last wrote there, as it reads the file', async () => {
  const { status, stdout, stderr } = await fixture.run(['daemon', 'logs'], { env });
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    [
      '2026-01-31 12:00:00.123 INFO  ready  vm=abc  job=3\n',
      '2026-01-31 12:00:01.000 ERROR it \ufffd\ufffdb  err={"message":"no","stack":"Error: no\\n    at x"}\n',
    ].join(''),
  );
  const json = await fixture.run(['daemon', 'logs', '--json'], { env });
  const [line = ''] = json.stdout.split('\n');
  const time = '2026-01-31T12:00:00.123Z';
  assert.deepEqual(JSON.parse(line), { level: 30, time, pid: 7, vm: 'abc', job: 3, msg: 'ready' });
  assert.match(
    readFileSync(`${program}.args`, 'utf8'),
    /--user .*_SYSTEMD_USER_UNIT=bangerd\.service \+ USER_UNIT=/,
  );
});

test('daemon logs -f goes on after the last entry, and ends its reader', async () => {
  const { status, stdout } = await fixture.start(['daemon', 'logs', '-f'], {
    env,
    onOutput: (all, child) => {
      if (all.includes('later')) child.kill('SIGINT');
    },
  });
  assert.equal(status, 130);
  assert.match(stdout, /ready.*\n.*ERROR.*\n.*WARN {2}later.*\n$/);
});

test('a file that was written later is the log', async () => {
  const state = join(fixture.directory, '.local/state/banger');
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'bangerd.log'), '{"level":30,"msg":"in the file"}\n');
  assert.match((await fixture.run(['daemon', 'logs'], { env })).stdout, /INFO {2}in the file/);
  rmSync(state, { recursive: true });
});

test('a journal that cannot be read, or is not there, is an error with its cause, and no log', async () => {
  writeFileSync(program, '#!/bin/sh\necho "No journal files were opened" >&2\nexit 1\n');
  const { status, stderr } = await fixture.run(['daemon', 'logs'], { env });
  assert.equal(status, 1);
  assert.match(stderr, /^banger: there is no log at .*bangerd\.log; /);
});

test('commands and entries of the journal', () => {
  const query = { follow: true, lines: 3, since: 1_500_000, afterCursor: 'c' };
  assert.deepEqual(journalCommand(['A=b'], query).args.slice(5), [
    '--lines=3',
    '--follow',
    '--since=@1.500000',
    '--after-cursor=c',
    'A=b',
  ]);
  for (const line of ['', '{"MESSAGE":"cut', '[]', '3', 'null', '{"MESSAGE":"no time"}']) {
    assert.equal(parseJournalEntry(line), undefined, line);
  }
  const entry = parseJournalEntry('{"__REALTIME_TIMESTAMP":"1","MESSAGE":null,"A":["x","y"]}');
  assert.deepEqual([entry?.message, entry?.priority, entry?.fields.A], ['', 6, 'x']);
});
