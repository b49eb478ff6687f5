import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RemoteError, StandardError, toErrorReply } from '../../src/bus/errors.ts';
import { BangerError } from '../../src/common/errors.ts';
import { asKnownFailure } from '../../src/common/system-error.ts';
import { accepted } from '../../src/guest/agent.ts';
import { unreachable } from '../../src/guest/ssh-client.ts';
import { parseLogLine } from '../../src/systemd/journal.ts';

const evil = 'a\u001b]0;title\u0007\u009b2J\u00ad\u200b\u202e\u2066\u2060\u061c\u{e0041}\ufeff\r\nbanger: b';
/** All that a terminal obeys, that nobody sees, or that turns text around; and ends of lines. */
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const ways: readonly [string, () => unknown][] = [
  ['an error of banger with words of a guest', () => new BangerError('GuestFailed', `it said ${evil}`)],
  ['a failure of ssh', () => unreachable(evil)],
  [
    'a refusal of the agent',
    () => {
      try {
        return accepted('GET /x', { id: 'a', status: 500, body: { error: evil } });
      } catch (error) {
        return error;
      }
    },
  ],
  ['an error of another daemon', () => new RemoteError('org.banger.Error.Busy', evil)],
  [
    'an error of the system with the name of a file in a repository',
    () =>
      asKnownFailure(
        Object.assign(new Error(`ENOSPC: no space left on device, open '${evil}'`), {
          code: 'ENOSPC',
          syscall: 'open',
          path: evil,
        }),
      ),
  ],
];
for (const [what, make] of ways) {
  test(`${what} is told on the bus without anything harmful`, () => {
    const answer = toErrorReply(make());
    assert.ok(answer);
    assert.doesNotMatch(answer.message, harmful);
  });
}

test('an entry of the journal has a message without anything harmful, and exact fields', () => {
  const line = JSON.stringify({ level: 40, msg: `web: ${evil}`, vm: evil });
  const { message, fields } = parseLogLine(line);
  for (const part of message.split('\n')) assert.doesNotMatch(part, harmful);
  assert.equal(fields.BANGER_VM_ID, evil);
});

test('a caller’s own words come back harmless', () => {
  const error = new StandardError('InvalidArgs', evil);
  assert.equal(toErrorReply(error)?.name, 'org.freedesktop.DBus.Error.InvalidArgs');
  assert.doesNotMatch(toErrorReply(error)?.message ?? evil, harmful);
});
