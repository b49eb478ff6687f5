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
  // JSON itself leaves DEL and the C1 controls as they are, and a terminal would obey them.
  const text = JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  output.results.write(`${text}\n`);
}
