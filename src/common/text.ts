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
