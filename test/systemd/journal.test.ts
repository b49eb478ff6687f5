import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import pino from 'pino';
import { isJournalStream, parseLogLine } from '../../src/systemd/journal.ts';

/** What pino writes for a call. */
function lineOf(write: (log: pino.Logger) => void): string {
  let line = '';
  write(pino({ level: 'trace', base: { pid: 1 } }, { write: (text: string) => (line = text) }));
  return line;
}

test('an entry has its message, its priority, and what it is about in fields', () => {
  const line = lineOf((log) =>
    log.info({ vm: 'abc', job: 3, request: 'r-1', bus: 'unix:x', n: { a: [1] } }, 'it\nruns'),
  );
  assert.deepEqual(parseLogLine(line), {
    priority: 'info',
    message: 'it\nruns',
    fields: {
      SYSLOG_IDENTIFIER: 'bangerd',
      BANGER_VM_ID: 'abc',
      BANGER_JOB_ID: '3',
      BANGER_REQUEST: 'r-1',
      BANGER_BUS: 'unix:x',
      BANGER_N: '{"a":[1]}',
    },
  });
});

test('priorities are those of syslog', () => {
  const of = (level: pino.Level) => parseLogLine(lineOf((log) => log[level]('x'))).priority;
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
  assert.deepEqual(levels.map(of), ['debug', 'debug', 'info', 'warning', 'err', 'crit']);
});

test('an error is logged once in the message, and its stack in a field', () => {
  const cause = new Error('the disk is full');
  const err = new TypeError('it broke', { cause });
  const { message, fields } = parseLogLine(lineOf((log) => log.error({ err }, 'a call failed')));
  assert.equal(message, 'a call failed: it broke: the disk is full');
  assert.equal(fields.BANGER_ERROR_TYPE, 'TypeError');
  assert.match(fields.BANGER_ERROR_STACK ?? '', /^TypeError: it broke\n +at /);
  const same = parseLogLine(lineOf((log) => log.error({ err }, 'it broke')));
  assert.equal(same.message, 'it broke: the disk is full');
});

test('only the very stream that systemd opened is the journal', () => {
  const fd = openSync('/dev/null', 'r');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  assert.equal(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino}` }, fd), true);
  assert.equal(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino + 1n}` }, fd), false);
  assert.equal(isJournalStream({}, fd), false);
  closeSync(fd);
  assert.equal(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino}` }, fd), false);
});
