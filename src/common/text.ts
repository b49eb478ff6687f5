/** C0 and C1 controls: what a terminal obeys. */
const controls = /\p{Cc}/gu;
/**
 * What is not seen, or changes how the text around it is seen: format characters (soft hyphen, zero width, bidirectional,
 * tags), other characters that Unicode says to show nothing for (fillers, variation selectors), and line ends.
 */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;
/** A pictogram in colours. Of other variation selectors nobody sees anything, and data can be hidden in them. */
const pictogram = /(?<=\p{Extended_Pictographic})\ufe0f/u;

/**
 * Text from a guest, an image, a repository or a program as it may be shown on a terminal: on one line, each control
 * character replaced by U+FFFD, each invisible one by its code point, as in `<U+200B>`, and cut to a length with an
 * ellipsis. What is printable already stays as it is.
 * @param maxLength of the text, in UTF-16 units
 */
export function printable(text: string, maxLength = 4096): string {
  const shown = text
    .slice(0, maxLength)
    .toWellFormed()
    .replace(controls, '\ufffd')
    .replace(invisible, (character, at: number, all: string) =>
      character === '\ufe0f' && pictogram.test(all.slice(Math.max(0, at - 2), at + 1))
        ? character
        : `<U+${codeOf(character)}>`,
    );
  return text.length > maxLength ? `${shown}…` : shown;
}

/** Joins the lines of a text, with a slash between them. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, ' / ');
}

/**
 * What a guest, its sshd or a program said, as part of a message: printable, on one line, and without a semicolon,
 * after which a message has its remedy.
 * @param maxLength in UTF-16 units, of which the first are kept
 */
export function foreignWords(text: string, maxLength: number): string {
  return printable(withoutRemedy(oneLine(text)), maxLength);
}

/**
 * The last lines of what a program said, as part of a message: on one line, and without a semicolon, after
 * which a message has its remedy.
 * @param maxLength in UTF-16 units, of which the last are kept
 */
export function lastLines(text: string, count: number, maxLength: number): string {
  const lines = text.trim().split('\n').slice(-count);
  return withoutRemedy(lines.map((line) => line.trim()).join(' / ')).slice(-maxLength);
}

/**
 * JSON of the same value without characters that a terminal obeys or nobody sees: those that JSON itself leaves as they
 * are become escapes of its own.
 */
export function visibleJson(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, jsonEscape).replace(invisible, jsonEscape);
}

function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

function withoutRemedy(text: string): string {
  return text.replace(/;(?=\s)/g, ',');
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
