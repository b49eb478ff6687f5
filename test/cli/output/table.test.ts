import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPairs, formatTable } from '../../../src/cli/output/table.ts';
import { fakeTerminal } from './terminal.ts';

test('columns are as wide as their widest cell, and nothing trails', () => {
  const text = formatTable(
    ['NAME', 'STATE'],
    [
      ['web', 'running'],
      ['a-long-name', ''],
    ],
    fakeTerminal(),
  );
  assert.equal(text, 'NAME         STATE\nweb          running\na-long-name  -\n');
});

test('on a terminal the widest column gives way', () => {
  const text = formatTable(
    ['NAME', 'IMAGE'],
    [['web', 'an-image-with-a-very-long-name']],
    fakeTerminal({ width: 20 }),
  );
  assert.equal(text, 'NAME  IMAGE\nweb   an-image-with…\n');
  for (const line of text.split('\n')) assert.ok(line.length <= 20);
});

test('a terminal too narrow for anything does not hang', () => {
  assert.match(formatTable(['A', 'B'], [['x'.repeat(30), 'y'.repeat(30)]], fakeTerminal({ width: 1 })), /x…/);
});

test('control characters in a cell do nothing', () => {
  const text = formatTable(['NAME'], [['\u001b[2Jevil\nrow']], fakeTerminal());
  assert.equal(text.split('\n').length, 3);
  assert.ok(!text.includes('\u001b'));
});

test('pairs are aligned', () => {
  assert.equal(
    formatPairs(
      [
        ['Name', 'web'],
        ['Last error', ''],
      ],
      fakeTerminal(),
    ),
    'Name:       web\nLast error: -\n',
  );
});
