import { printable } from '../../common/text.ts';

const lineEnd = 0x0a;
/** A line without end is cut into pieces of this size, so that no writer can fill our memory. */
const maxLine = 64 * 1024;
/** What sets colours, moves the cursor and the like (ECMA-48, 5.4), and window titles and the like (5.6). */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /\u001b\[[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Takes bytes as they come and gives whole lines, each with its end. */
export class Lines {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Buffer[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = all.indexOf(lineEnd); end >= 0; end = all.indexOf(lineEnd, from)) {
      lines.push(all.subarray(from, end + 1));
      from = end + 1;
    }
    for (; all.length - from > maxLine; from += maxLine) {
      lines.push(all.subarray(from, from + maxLine));
    }
    this.#rest = all.subarray(from);
    return lines;
  }

  /** The last line, if it has no end yet. */
  end(): Buffer[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? [] : [rest];
  }
}

/**
 * A line of a guest as it may be shown: its colours are left out, its tabs stay, and what else a terminal
 * would obey is replaced.
 */
export function legible(line: Buffer): string {
  const text = line.toString('utf8').replace(/[\r\n]+$/, '');
  return text
    .split('\t')
    .map((part) => printable(part.replace(sequences, ''), maxLine))
    .join('\t');
}
