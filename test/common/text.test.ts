import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '../../src/common/text.ts';

test('what controls a terminal is replaced', () => {
  assert.equal(
    printable('\u001b[31mred\u0007\r\n\t\u009b0m\u007f'),
    '\ufffd[31mred\ufffd\ufffd\ufffd\ufffd\ufffd0m\ufffd',
  );
  assert.equal(printable('a\u202eb\u2066c\u2028d\ufeff'), 'a\ufffdb\ufffdc\ufffdd\ufffd');
});

test('other text stays as it is', () => {
  assert.equal(printable('ordinary — naïve 日本語 💥'), 'ordinary — naïve 日本語 💥');
});

test('long text is cut, and never to half a character', () => {
  assert.equal(printable('abcdef', 3), 'abc…');
  assert.equal(printable('ab💥', 3), 'ab\ufffd…');
});
