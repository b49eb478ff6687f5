import { printable } from '../../common/text.ts';
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
  result(`${harmless(JSON.stringify(value, null, 2))}\n`);
}

/** A value as one line of JSON, for results that come one by one. */
export function jsonLine(value: unknown): string {
  return `${harmless(JSON.stringify(value))}\n`;
}

/** JSON itself leaves DEL and the C1 controls as they are, and a terminal would obey them. */
function harmless(json: string): string {
  return json.replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
