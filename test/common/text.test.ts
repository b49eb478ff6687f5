import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignWords, lastLines, printable, visibleJson } from '../../src/common/text.ts';

test('what controls a terminal is replaced', () => {
  assert.equal(
    printable('\u001b[31mred\u0007\r\n\t\u009b0m\u007f'),
    '\ufffd[31mred\ufffd\ufffd\ufffd\ufffd\ufffd0m\ufffd',
  );
  assert.equal(printable('a\u202eb\u2066c\u2028d\ufeff'), 'a<U+202E>b<U+2066>c<U+2028>d<U+FEFF>');
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
  assert.equal(lastLines('found:\n\tname \n', 2, 100), 'found: / name');
});

/** Ranges of what nobody sees or what turns text around, by what they are. */
const hidden: readonly [string, number, number][] = [
  ['the soft hyphen', 0xad, 0xad],
  ['the grapheme joiner', 0x34f, 0x34f],
  ['the Arabic letter mark', 0x61c, 0x61c],
  ['Hangul fillers', 0x115f, 0x1160],
  ['Mongolian variation selectors', 0x180b, 0x180f],
  ['zero widths and marks of direction', 0x200b, 0x200f],
  ['line ends and embeddings', 0x2028, 0x202e],
  ['word joiner, invisible operators, isolates', 0x2060, 0x206f],
  ['the Hangul filler', 0x3164, 0x3164],
  ['variation selectors', 0xfe00, 0xfe0f],
  ['the byte order mark', 0xfeff, 0xfeff],
  ['the half-width Hangul filler', 0xffa0, 0xffa0],
  ['annotations', 0xfff9, 0xfffb],
  ['tags', 0xe0000, 0xe007f],
  ['more variation selectors', 0xe0100, 0xe01ef],
];
for (const [what, first, last] of hidden) {
  test(`${what} are shown by their code points, and are escapes in JSON`, () => {
    for (let code = first; code <= last; code++) {
      const character = String.fromCodePoint(code);
      const shown = `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
      assert.equal(printable(`a${character}b`), `a${shown}b`);
      assert.equal(printable(printable(character)), shown);
      const json = visibleJson(JSON.stringify({ [`n${character}`]: `a${character}b` }));
      assert.match(json, /^[ -~]*$/);
      assert.deepEqual(JSON.parse(json), { [`n${character}`]: `a${character}b` });
    }
  });
}

test('a pictogram stays in colours', () => {
  assert.equal(printable('⚠\ufe0f 1\ufe0f 💥\ufe0f'), '⚠\ufe0f 1<U+FE0F> 💥\ufe0f');
});

test('what others said has no remedy of its own and no lines', () => {
  assert.equal(foreignWords(' gone; run\r\n\tthis;\nthat\u200b ', 100), 'gone, run / this, / that<U+200B>');
  assert.equal(foreignWords('abcdef', 3), 'abc…');
});
