import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPairs, formatTable } from '../../../src/cli/output/table.ts';
import { countColumns } from '../../../src/cli/output/text.ts';
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

test('columns that cannot be had in readable width are left out, the last ones first', () => {
  const header = ['NAME', 'STATE', 'IMAGE', 'AGE'];
  const rows = [['a-rather-long-name', 'running', 'debian-bookworm', '3h']];
  const wide = formatTable(header, rows, fakeTerminal({ width: 80 }));
  assert.equal(wide.split('\n')[1], 'a-rather-long-name  running  debian-bookworm  3h');
  const narrow = formatTable(header, rows, fakeTerminal({ width: 29 }));
  assert.equal(narrow.split('\n')[1], 'a-rather…  running  debian-b…');
  for (let width = 1; width < 60; width++) {
    const lines = formatTable(header, rows, fakeTerminal({ width })).split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.ok(countColumns(line) <= width, `${width}: ${line}`);
  }
});

test('wide characters take two columns, and a cut never halves one', () => {
  const header = ['NAME', 'IMAGE'];
  const rows = [['日本語の名前', 'an-image']];
  const text = formatTable(header, rows, fakeTerminal({ width: 30 }));
  assert.equal(text, 'NAME          IMAGE\n日本語の名前  an-image\n');
  for (let width = 1; width < 30; width++) {
    for (const line of formatTable(header, rows, fakeTerminal({ width })).split('\n'))
      assert.ok(countColumns(line) <= width, `${width}: ${line}`);
  }
});

test('a style is put around a cell and takes no room', () => {
  const style = (_: string, text: string) => `<${text}>`;
  const text = formatTable(
    ['STATE', 'AGE'],
    [
      [{ text: 'running', style: 'green' }, '1s'],
      [
        { text: '', style: undefined },
        { text: '2s', style: 'dim' },
      ],
    ],
    fakeTerminal({ style }),
  );
  assert.equal(text, '<STATE    AGE>\n<running>  1s\n-        <2s>\n');
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
