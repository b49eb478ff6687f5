import type { Comparison, Spread } from './measure.ts';

/** What one benchmark found and under what circumstances. */
export interface Result {
  benchmark: string;
  /** What was measured, on what, and what counts as done, as pairs of a word and its value. */
  conditions: Readonly<Record<string, string | number>>;
  comparisons: readonly Comparison[];
}

/** A table for people. */
export function tableOf(results: readonly Result[]): string {
  return results.map(sectionOf).join('\n');
}

/** Whether every ratio is within its bound; those without one are. */
export function isWithinBounds(results: readonly Result[]): boolean {
  return results.every(({ comparisons }) =>
    comparisons.every(({ ratio, bound }) => bound === undefined || ratio.median <= bound),
  );
}

function sectionOf({ benchmark, conditions, comparisons }: Result): string {
  const rows = comparisons.map(({ name, figure, against, ratio, runs, bound }) => [
    `${name} (${milliseconds(figure)})`,
    `against ${against.name} (${milliseconds(against.figure)})`,
    `${ratio.median.toFixed(2)} × (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    bound === undefined ? '' : `${ratio.median <= bound ? 'within' : 'BEYOND'} ${bound.toFixed(2)} ×`,
    `${runs} runs`,
  ]);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const circumstances = Object.entries(conditions).map(([word, value]) => `${word}: ${value}`);
  return [`${benchmark} [${circumstances.join('; ')}]`, ...lines.map((line) => `  ${line}`), ''].join('\n');
}

function milliseconds({ median, min, max }: Spread): string {
  const digits = median < 100 ? 1 : 0;
  return `${median.toFixed(digits)} ms, ${min.toFixed(digits)}–${max.toFixed(digits)}`;
}
