/** C0 and C1 controls, the Unicode line ends, and what changes the direction of the text around it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text from a guest or an image as it may be shown on a terminal: on one line, each control character
 * replaced by U+FFFD, and cut to a length with an ellipsis.
 * @param maxLength in UTF-16 units
 */
export function printable(text: string, maxLength = 4096): string {
  const shown = text.slice(0, maxLength).toWellFormed().replace(unprintable, '\ufffd');
  return text.length > maxLength ? `${shown}…` : shown;
}

/**
 * The last lines of what a program said, as part of a message: on one line, and without a semicolon, after
 * which a message has its remedy.
 * @param maxLength in UTF-16 units, of which the last are kept
 */
export function lastLines(text: string, count: number, maxLength: number): string {
  const lines = text.trim().split('\n').slice(-count);
  return lines.join(' / ').replaceAll('; ', ', ').slice(-maxLength);
}
