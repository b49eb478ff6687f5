import { printable } from '../../common/text.ts';
import type { Style, Terminal } from './terminal.ts';
import { countColumns, fit } from './text.ts';

const gap = 2;
/** A column that must give way is not made narrower than this. */
const narrowest = 8;

/** What stands in a cell, and how it looks on a terminal. */
export type Cell = string | { text: string; style: Style | undefined };

/**
 * Rows in columns. On a terminal they fit its width: the widest column gives way first, and where that is not
 * enough the last columns are left out. What stands in a cell may come from anywhere and is made printable.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  terminal: Terminal,
): string {
  const cells = rows.map((row) => row.map((cell) => printable(textOf(cell) || '-')));
  const widths = header.map((title, column) =>
    Math.max(...[title, ...cells.map((row) => row[column] ?? '')].map(countColumns)),
  );
  shrink(widths, terminal.columns());
  const line = (texts: readonly string[], style: (text: string, column: number) => string) => {
    const padded = widths.map((width, column) => {
      const text = fit(texts[column] ?? '', width, terminal.unicode ? '…' : '~');
      const isLast = column === widths.length - 1;
      return style(text, column) + (isLast ? '' : ' '.repeat(width - countColumns(text)));
    });
    return padded.join(' '.repeat(gap)).trimEnd();
  };
  const styled = (row: readonly Cell[]) => (text: string, column: number) => {
    const cell = row[column];
    return typeof cell === 'object' && cell.style ? terminal.style(cell.style, text) : text;
  };
  const lines = [
    terminal.style(
      'bold',
      line(header, (text) => text),
    ),
    ...cells.map((texts, row) => line(texts, styled(rows[row] ?? []))),
  ];
  return lines.map((text) => `${text}\n`).join('');
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

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Makes columns narrower, after removing the last ones if that alone is not enough. */
function shrink(widths: number[], columns: number | undefined): void {
  if (columns === undefined) return;
  const total = (widthOf: (width: number) => number) =>
    widths.reduce((sum, width) => sum + widthOf(width) + gap, -gap);
  while (widths.length > 1 && total((width) => Math.min(width, narrowest)) > columns) widths.pop();
  for (let excess = total((width) => width) - columns; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= 1) return;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}
