const plain = /^[ -~]*$/;

/** Counts how many columns a printable text takes; wide characters count as two. */
export function countColumns(text: string): number {
  if (plain.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The text cut to so many columns, with a mark where something is missing. */
export function fit(text: string, columns: number, mark = '…'): string {
  if (countColumns(text) <= columns) return text;
  const room = columns - countColumns(mark);
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += widthOf(character);
    if (used > room) break;
    kept += character;
  }
  return columns <= 0 ? '' : kept + mark;
}

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    character,
  )
    ? 2
    : 1;
}
