import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf, nameOnBus, RemoteError } from '../../src/bus/errors.ts';
import { statusOf } from '../../src/cli/failure.ts';
import { errorCodes, errorTable } from '../../src/common/error-table.ts';
import { BangerError } from '../../src/common/errors.ts';
import { asKnownFailure } from '../../src/common/system-error.ts';

const root = join(import.meta.dirname, '../..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('error-table.ts'))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'));
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8').split('\n');

for (const code of errorCodes) {
  test(`${code}: used, documented, the same over the bus and back`, () => {
    const { cause, remedy, status } = errorTable[code];
    assert.ok(
      sources.some((text) => text.includes(`'${code}'`) || text.includes(`${code}:`)),
      'nothing throws it',
    );
    const row = page.find((line) => line.startsWith(`| \`${code}\` |`));
    assert.equal(row, `| \`${code}\` | \`${nameOnBus(code)}\` | ${status} | ${cause} | ${remedy} |`);
    assert.equal(new RemoteError(nameOnBus(code), 'x').code, code);
    assert.equal(statusOf(new BangerError(code, 'x')), status);
    assert.doesNotMatch(cause + remedy, /[.\n]$|; /);
  });
}

test('a page has no code that the table has not', () => {
  const documented = page.flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);
  assert.deepEqual(documented, errorCodes);
});

test('a message has a remedy: its own, or that of its code; and is one line', () => {
  assert.equal(new BangerError('Busy', 'it is held; let go').message, 'it is held; let go');
  assert.equal(new BangerError('InUse', 'it is held.').message, 'it is held; remove what uses it first');
  assert.equal(new BangerError('Busy', 'a\r\n b; c\n').message, 'a / b; c');
});

test('the statuses are those of the documentation', () => {
  const withStatus = (status: number) => errorCodes.filter((code) => errorTable[code].status === status);
  assert.deepEqual(withStatus(2), ['InvalidName', 'InvalidArgs']);
  assert.deepEqual(withStatus(130), ['Cancelled']);
  assert.equal(statusOf(new BangerError('Busy', 'x'), 125), 125);
  assert.equal(statusOf(new BangerError('Cancelled', 'x'), 125), 130);
  assert.equal(statusOf(new TypeError('a bug')), 1);
});

test('standard names of D-Bus have a meaning; unknown ones are bugs', () => {
  const codeOf = (name: string) => new RemoteError(`org.freedesktop.DBus.Error.${name}`, 'x').code;
  assert.equal(codeOf('ServiceUnknown'), 'DaemonUnreachable');
  assert.equal(codeOf('Spawn.ChildExited'), 'DaemonUnreachable');
  assert.equal(codeOf('UnknownMethod'), 'NotSupported');
  assert.equal(codeOf('constructor'), 'Internal');
  assert.equal(new RemoteError('com.example.Error.Strange', '').code, 'Internal');
});

test('what the host refused is told in words, what is a bug is not', () => {
  const failing = (code: string, more = {}) => Object.assign(new Error(`${code}: raw`), { code, ...more });
  const full = asKnownFailure(failing('ENOSPC', { syscall: 'write', path: '/s/x' }));
  assert.ok(full instanceof BangerError);
  assert.equal(full.code, 'DiskFull');
  assert.equal(full.message, 'write /s/x: the file system is full; free some space there');
  const denied = answerOf(failing('EACCES', { syscall: 'spawn git', path: 'git' }));
  assert.equal(denied?.name, 'org.banger.Error.HostNotReady');
  assert.match(denied?.message ?? '', /^spawn git: permission is denied; /);
  const sql = asKnownFailure(failing('SQLITE_FULL'));
  assert.ok(sql instanceof BangerError && sql.code === 'DiskFull');
  for (const bug of [failing('ERR_INVALID_ARG_TYPE'), failing('constructor'), new TypeError('x')]) {
    assert.equal(asKnownFailure(bug), bug);
    assert.equal(answerOf(bug), undefined);
  }
});
