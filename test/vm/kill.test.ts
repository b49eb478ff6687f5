import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ends, readSignal } from '../../src/vm/kill.ts';

test('signals are taken as kill takes them', () => {
  for (const text of ['KILL', 'kill', 'SIGKILL', 'sigKill']) assert.equal(readSignal(text), 'KILL');
  for (const text of ['TERM', 'INT', 'HUP', 'QUIT', 'STOP', 'CONT']) assert.equal(readSignal(text), text);
  for (const text of ['', 'SIG', '9', 'USR1', 'SEGV', 'KILL ', 'SIGSIGKILL', 'KILL\0', '-9']) {
    assert.throws(
      () => readSignal(text),
      { code: 'InvalidArgs', message: /give one of KILL, TERM, INT, HUP, QUIT, STOP, CONT$/ },
      JSON.stringify(text),
    );
  }
});

test('all but STOP and CONT end a VMM', () => {
  const all = ['KILL', 'TERM', 'INT', 'HUP', 'QUIT', 'STOP', 'CONT'] as const;
  assert.deepEqual(
    all.filter((signal) => !ends(signal)),
    ['STOP', 'CONT'],
  );
});
