import { printable } from '../../common/text.ts';
import type { Terminal } from './terminal.ts';
import { columnsOf, fit } from './text.ts';

const gap = 2;
/** A column that must give way is not made narrower than this. */
const narrowest = 8;

/**
 * Rows in columns. On a terminal they fit its width: the widest column gives way first. What stands in a
 * cell may come from anywhere and is made printable.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly string[][],
  terminal: Terminal,
): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => printable(cell === '' ? '-' : cell)));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => columnsOf(row[column] ?? ''))));
  shrink(widths, terminal.columns());
  const lines = cells.map((row) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0)).join(' '.repeat(gap)),
  );
  const [first = '', ...rest] = lines.map((line) => line.trimEnd());
  return [terminal.style('bold', first), ...rest].map((line) => `${line}\n`).join('');
}

/** Names and values, one pair to a line, the values aligned. A value without a name belongs to the one above. */
export function formatPairs(pairs: readonly (readonly [string, string])[], terminal: Terminal): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 1;
  return pairs
    .map(
      ([name, value]) =>
        `${terminal.style('bold', (name && `${name}:`).padEnd(width))} ${printable(value) || '-'}\n`,
    )
    .join('');
}

function shrink(widths: number[], columns: number | undefined): void {
  if (columns === undefined) return;
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - columns;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= narrowest) return;
    widths[widest] = width - 1;
    excess--;
  }
}

function pad(cell: string, width: number): string {
  const fitted = fit(cell, width);
  return fitted + ' '.repeat(Math.max(0, width - columnsOf(fitted)));
}
