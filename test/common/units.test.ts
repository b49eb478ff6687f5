import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDuration,
  formatMemory,
  formatSize,
  parseCount,
  parseDuration,
  parseSize,
} from '../../src/common/units.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

test('sizes people write become bytes', () => {
  const cases: [string, number][] = [
    ['512M', 512 * MiB],
    ['2G', 2 * GiB],
    ['2g', 2 * GiB],
    ['20GiB', 20 * GiB],
    ['1024MiB', GiB],
    ['4K', 4096],
    ['1T', 1024 * GiB],
    [' 2G ', 2 * GiB],
    ['0002G', 2 * GiB],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text, '--memory'), bytes, text);
});

test('a text that is not a size is refused with the reason', () => {
  const cases: [string, RegExp][] = [
    ['', /not a size/],
    ['lots', /not a size/],
    ['.', /not a size/],
    ['G', /not a size/],
    ['2 G', /not a size/],
    ['1e3M', /unit eM|not a size/],
    ['0x10M', /unit|not a size/],
    ['-1G', /negative/],
    ['2048', /no unit; write 2048M or 2048G/],
    ['2GB', /unit GB is not known/],
    ['2X', /unit X is not known/],
    ['1.5G', /fractions are not taken; write 1536M/],
    ['0.5G', /write 512M/],
    ['1.2345G', /smaller unit/],
    ['0G', /more than nothing/],
    ['9999P', /too large/],
    ['99999999999999999999999G', /too large/],
    ['2G\u001b[31m', /not a size/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseSize(text, '--memory'), { code: 'InvalidArgs', message }, text);
  }
});

test('an error names the option and quotes control characters', () => {
  assert.throws(() => parseSize('\u001b]0;x', '--disk-size'), { message: /^--disk-size "\\u001b\]0;x": / });
});

test('counts are whole and at least one', () => {
  assert.equal(parseCount('4', '--vcpu'), 4);
  for (const text of ['0', '-1', '1.5', '', 'two', '1e2', '99999999']) {
    assert.throws(() => parseCount(text, '--vcpu'), { code: 'InvalidArgs', message: /whole number/ }, text);
  }
});

test('byte counts are short', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [1023, '1023'],
    [4096, '4K'],
    [8 * GiB, '8G'],
    [1.5 * GiB, '1.5G'],
    [512 * MiB, '512M'],
    [1000 * GiB, '1000G'],
    [2 ** 50, '1P'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatSize(bytes), text);
  assert.equal(formatMemory(GiB), '1024 MiB');
});

test('a formatted whole size parses back', () => {
  for (const bytes of [4096, 512 * MiB, 8 * GiB]) assert.equal(parseSize(formatSize(bytes), 'size'), bytes);
});

test('durations as people write them', () => {
  const cases: [text: string, milliseconds: number, formatted: string][] = [
    ['30m', 1_800_000, '30m'],
    ['1h30m', 5_400_000, '1h30m'],
    ['10s', 10_000, '10s'],
    ['90s', 90_000, '1m30s'],
    ['1d 2h', 93_600_000, '1d2h'],
    [' 500ms ', 500, '500ms'],
    ['1 s', 1000, '1s'],
    ['0s', 0, '0s'],
    ['24h', 86_400_000, '1d'],
  ];
  for (const [text, milliseconds, formatted] of cases) {
    assert.equal(parseDuration(text, 'x'), milliseconds, text);
    assert.equal(formatDuration(milliseconds), formatted);
    assert.equal(parseDuration(formatted, 'x'), milliseconds);
  }
});

test('a text that is not a duration is refused with an example of one', () => {
  const cases: [text: string, why: RegExp][] = [
    ['', /not a duration; write a number and a unit, such as 30m/],
    ['soon', /not a duration/],
    ['s', /not a duration/],
    ['.', /not a duration/],
    ['10s!', /not a duration/],
    ['10s, 5ms', /not a duration/],
    ['\u001b10s', /^x "\\u001b10s": it is not a duration/],
    ['10', /10 has no unit; write 10s or 10m/],
    ['1h30', /30 has no unit/],
    ['-5m', /cannot be negative/],
    ['1.5h', /only whole numbers/],
    ['1e3s', /the unit e is not known/],
    ['5y', /the unit y is not known; use d, h, m, s or ms/],
    ['5M', /the unit M is not known/],
    ['30m1h', /the longest first/],
    ['1m1m', /each unit once/],
    [`${'9'.repeat(13)}s`, /only whole numbers/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseDuration(text, 'x'), { code: 'InvalidArgs', message }, text);
  }
  // No text takes long, however it is made.
  assert.throws(() => parseDuration(`${'1'.repeat(50_000)}!`, 'x'), { code: 'InvalidArgs' });
});
