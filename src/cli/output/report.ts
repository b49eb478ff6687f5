import { printable, visibleJson } from '../../common/text.ts';
import { output } from './streams.ts';

/** Tells the user something on stderr, in one line. */
export function report(message: string): void {
  output.diagnostics.write(`banger: ${printable(message)}\n`);
}

/** Writes a result to stdout. */
export function result(text: string): void {
  output.results.write(text);
}

/** Writes a result as JSON to stdout. */
export function jsonResult(value: unknown): void {
  result(`${visibleJson(JSON.stringify(value, null, 2))}\n`);
}

/** A value as one line of JSON, for results that come one by one. */
export function jsonLine(value: unknown): string {
  return `${visibleJson(JSON.stringify(value))}\n`;
}
