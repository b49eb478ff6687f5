import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nameOnBus, RemoteError, toErrorReply } from '../../src/bus/errors.ts';
import { getExitStatus } from '../../src/cli/failure.ts';
import { errorCodes, errorTable } from '../../src/common/error-table.ts';
import { BangerError, getOwnRemedy, getProblem } from '../../src/common/errors.ts';
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
    assert.equal(getExitStatus(new BangerError(code, 'x')), status);
    assert.doesNotMatch(cause + remedy, /[.\n]$|; /);
  });
}

test('a page has no code that the table has not', () => {
  const documented = page.flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);
  assert.deepEqual(documented, errorCodes);
});

test('a message is its problem and a remedy: its own, or that of its code', () => {
  assert.equal(new BangerError('Busy', 'it is held', { remedy: 'let go' }).message, 'it is held; let go');
  assert.equal(new BangerError('InUse', 'it is held.').message, 'it is held; remove what uses it first');
});

test('an error has its problem and its remedy as fields, each on one line', () => {
  const { problem, remedy, message } = new BangerError('Busy', 'a\r\n b', { remedy: 'c\n' });
  assert.deepEqual({ problem, remedy, message }, { problem: 'a / b', remedy: 'c', message: 'a / b; c' });
});

test('what others said stands behind the problem, and cannot begin a remedy', () => {
  const { problem, message } = new BangerError('GuestFailed', 'it failed', {
    details: 'no\x1b[2J; run `rm`\nnow',
    remedy: 'restart it',
  });
  assert.equal(problem, 'it failed: no\ufffd[2J, run `rm` / now');
  assert.equal(message, `${problem}; restart it`);
});

test('what others said is cut', () => {
  const { problem } = new BangerError('GuestFailed', 'x', { details: 'y'.repeat(5_000) });
  assert.equal(problem.length, 'x: '.length + 1_000 + '…'.length);
});

test('an error about another has its problem, and its remedy if that was its own', () => {
  const own = new BangerError('Busy', 'it is held', { remedy: 'let go' });
  assert.deepEqual([getProblem(own), getOwnRemedy(own)], ['it is held', 'let go']);
  const ofCode = new BangerError('Busy', 'it is held');
  assert.deepEqual([getProblem(ofCode), getOwnRemedy(ofCode)], ['it is held', undefined]);
  assert.deepEqual([getProblem(new Error('a; b')), getOwnRemedy(new Error('a; b'))], ['a; b', undefined]);
});

test('an error that came over D-Bus has the fields that it had before', () => {
  const sent = new BangerError('GuestFailed', 'a; b', { details: 'c; d', remedy: 'do e; then f' });
  const { code, problem, remedy, message } = new RemoteError(nameOnBus(sent.code), sent.message);
  assert.deepEqual(
    { code, problem, remedy },
    { code: sent.code, problem: sent.problem, remedy: sent.remedy },
  );
  assert.equal(message, sent.message);
});

test('the statuses are those of the documentation', () => {
  const withStatus = (status: number) => errorCodes.filter((code) => errorTable[code].status === status);
  assert.deepEqual(withStatus(2), ['InvalidName', 'InvalidArgs']);
  assert.deepEqual(withStatus(130), ['Cancelled']);
  assert.equal(getExitStatus(new BangerError('Busy', 'x'), 125), 125);
  assert.equal(getExitStatus(new BangerError('Cancelled', 'x'), 125), 130);
  assert.equal(getExitStatus(new TypeError('a bug')), 1);
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
  const denied = toErrorReply(failing('EACCES', { syscall: 'spawn git', path: 'git' }));
  assert.equal(denied?.name, 'org.banger.Error.HostNotReady');
  assert.match(denied?.message ?? '', /^spawn git: permission is denied; /);
  const sql = asKnownFailure(failing('SQLITE_FULL'));
  assert.ok(sql instanceof BangerError && sql.code === 'DiskFull');
  for (const bug of [failing('ERR_INVALID_ARG_TYPE'), failing('constructor'), new TypeError('x')]) {
    assert.equal(asKnownFailure(bug), bug);
    assert.equal(toErrorReply(bug), undefined);
  }
});
