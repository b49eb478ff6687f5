import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTerminal } from '../../../src/cli/output/terminal.ts';

const tty = { isTTY: true as const, columns: 100, rows: 30, write: () => true };
const file = { isTTY: undefined as unknown as true, columns: 0, rows: 0, write: () => true };
const xterm = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };

test('a terminal has colours, live lines and a width', () => {
  const terminal = describeTerminal(tty, xterm);
  assert.equal(terminal.live, true);
  assert.equal(terminal.unicode, true);
  assert.equal(terminal.columns(), 100);
  assert.equal(terminal.rows(), 30);
  assert.equal(terminal.style('red', 'x'), '\u001b[31mx\u001b[39m');
});

test('NO_COLOR takes the colours only', () => {
  const terminal = describeTerminal(tty, { ...xterm, NO_COLOR: '1' });
  assert.equal(terminal.style('red', 'x'), 'x');
  assert.equal(terminal.live, true);
});

test('a dumb or unknown terminal gets plain lines', () => {
  for (const env of [{ TERM: 'dumb' }, {}]) {
    const terminal = describeTerminal(tty, env);
    assert.equal(terminal.live, false);
    assert.equal(terminal.style('red', 'x'), 'x');
    assert.equal(terminal.unicode, false);
  }
});

test('a file gets neither colours nor a width', () => {
  const terminal = describeTerminal(file, xterm);
  assert.equal(terminal.live, false);
  assert.equal(terminal.columns(), undefined);
  assert.equal(terminal.style('bold', 'x'), 'x');
});

test('LC_ALL overrides LANG', () => {
  assert.equal(describeTerminal(tty, { ...xterm, LC_ALL: 'C' }).unicode, false);
});

test('colours can be asked for where there is no terminal, and NO_COLOR wins', () => {
  for (const name of ['CLICOLOR_FORCE', 'FORCE_COLOR']) {
    assert.equal(describeTerminal(file, { [name]: '1' }).style('red', 'x'), '\u001b[31mx\u001b[39m');
    assert.equal(describeTerminal(file, { [name]: '0' }).style('red', 'x'), 'x');
    assert.equal(describeTerminal(file, { [name]: '1', NO_COLOR: '1' }).style('red', 'x'), 'x');
    assert.equal(describeTerminal(file, { [name]: '1' }).live, false);
  }
});

test('COLUMNS and LINES win over the window, and only on a terminal', () => {
  const size = (stream: typeof tty, env: NodeJS.ProcessEnv) => {
    const terminal = describeTerminal(stream, { ...xterm, ...env });
    return [terminal.columns(), terminal.rows()];
  };
  assert.deepEqual(size(tty, { COLUMNS: '40', LINES: '9' }), [40, 9]);
  for (const wrong of ['', '0', '-3', 'wide']) {
    assert.deepEqual(size(tty, { COLUMNS: wrong, LINES: wrong }), [100, 30]);
  }
  assert.deepEqual(size(file as unknown as typeof tty, { COLUMNS: '40', LINES: '9' }), [
    undefined,
    undefined,
  ]);
});
