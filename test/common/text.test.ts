import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLines, printable } from '../../src/common/text.ts';

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

test('what a program said is one line without a semicolon, its end', () => {
  assert.equal(lastLines('a\nb; c\nd\n', 2, 100), 'b, c / d');
  assert.equal(lastLines('abcdef', 1, 3), 'def');
  assert.equal(lastLines('', 3, 10), '');
});
