import { BangerError } from './errors.ts';

const KiB = 1024;
const steps: readonly string[] = ['K', 'M', 'G', 'T', 'P'];
/** No disk and no memory of a sandbox comes near it; what is larger is a slip of the keyboard. */
const maxBytes = 2 ** 50;

/**
 * The bytes of a size as people write it: a whole number and a binary unit, `512M`, `2G`, `20GiB`.
 * @param what names the value in errors, such as `--memory`
 * @throws InvalidArgs saying what is wrong with it and what to write instead
 */
export function parseSize(text: string, what: string): number {
  const [, sign, number = '', unit = ''] = /^([+-]?)(\d*\.?\d*)([a-z]*)$/i.exec(text.trim()) ?? [];
  if (!/\d/.test(number))
    throw invalid(what, text, 'it is not a size', 'write a number and a unit, such as 2G');
  if (sign === '-') throw invalid(what, text, 'a size cannot be negative', `write ${number}${unit || 'G'}`);
  const power = powerOf(unit);
  if (unit === '') throw invalid(what, text, 'it has no unit', `write ${number}M or ${number}G`);
  if (power === undefined)
    throw invalid(what, text, `the unit ${unit} is not known`, 'use M or G (1024-based)');
  const bytes = Number(number) * KiB ** power;
  if (number.includes('.')) throw invalid(what, text, 'fractions are not taken', wholeForm(bytes));
  if (bytes === 0) throw invalid(what, text, 'it must be more than nothing', 'write a size such as 2G');
  if (bytes > maxBytes) throw invalid(what, text, 'it is too large', `write at most ${formatSize(maxBytes)}`);
  return bytes;
}

/**
 * A whole number of things, such as CPUs, as people write it.
 * @throws InvalidArgs
 */
export function parseCount(text: string, what: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count === 0)
    throw invalid(what, text, 'it must be a whole number from 1 to 999999', 'write one such as 2');
  return count;
}

/** Longer than a year nobody means, and timers do not count. */
const maxMs = 366 * 86_400_000;
/** The units of time, the longest first, with their milliseconds. */
const timeUnits: readonly (readonly [unit: string, milliseconds: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/**
 * The milliseconds of a duration as people write it: whole numbers with units that get smaller, `30m`,
 * `1h30m`, `10s`.
 * @param what names the value in errors
 * @throws InvalidArgs saying what is wrong with it and what to write instead
 */
export function parseDuration(text: string, what: string): number {
  const parts = [...text.trim().matchAll(/([+-]?[\d.]+)\s*([a-z]*)\s*/gi)];
  const whole = parts.map(([part]) => part).join('');
  if (whole !== text.trim() || !/\d/.test(whole)) {
    throw invalid(what, text, 'it is not a duration', 'write a number and a unit, such as 30m or 1h30m');
  }
  let milliseconds = 0;
  let former = -1;
  for (const [, number = '', unit = ''] of parts) {
    if (number.startsWith('-')) throw invalid(what, text, 'a duration cannot be negative');
    if (unit === '') throw invalid(what, text, `${number} has no unit`, `write ${number}s or ${number}m`);
    if (!/^\d{1,12}$/.test(number)) {
      throw invalid(what, text, 'only whole numbers are taken', 'write a smaller unit, such as 90s for 1.5m');
    }
    const index = timeUnits.findIndex(([known]) => known === unit);
    if (index < 0) throw invalid(what, text, `the unit ${unit} is not known`, 'use d, h, m, s or ms');
    if (index <= former)
      throw invalid(what, text, 'write each unit once and the longest first, such as 1h30m');
    former = index;
    milliseconds += Number(number) * (timeUnits[index]?.[1] ?? 0);
  }
  if (milliseconds > maxMs)
    throw invalid(what, text, 'it is too long', `the most is ${formatDuration(maxMs)}`);
  return milliseconds;
}

/** A duration in the form that `parseDuration` takes: `1h30m`, `10s`, `0s`. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [unit, size] of timeUnits) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text || '0s';
}

/** Bytes in the shortest form that reads well: `8G`, `512M`, `1.5G`, `0`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = '';
  for (const step of steps) {
    if (value < KiB) break;
    value /= KiB;
    unit = step;
  }
  const rounded = value < 10 && unit !== '' ? Math.round(value * 10) / 10 : Math.round(value);
  return `${rounded}${unit}`;
}

/** Bytes as memory is told: `1024 MiB`. */
export function formatMemory(bytes: number): string {
  return `${Math.round(bytes / KiB ** 2)} MiB`;
}

function powerOf(unit: string): number | undefined {
  const [, letter = ''] = /^([kmgtp])(?:ib)?$/i.exec(unit) ?? [];
  const index = steps.indexOf(letter.toUpperCase());
  return index < 0 ? undefined : index + 1;
}

/** How to write a fraction as a whole number of the next smaller unit that can hold it. */
function wholeForm(bytes: number): string {
  for (let power = steps.length; power > 0; power--) {
    const value = bytes / KiB ** power;
    if (value >= 1 && Number.isInteger(value)) return `write ${value}${steps[power - 1]}`;
  }
  return 'write a whole number of a smaller unit';
}

function invalid(what: string, text: string, why: string, remedy?: string): BangerError {
  return new BangerError('InvalidArgs', `${what} ${JSON.stringify(text)}: ${why}`, { remedy });
}
