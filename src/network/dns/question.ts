/** What a query asks for. */
export interface Question {
  /** The labels of the name from the left, in lower case, one character for each byte whatever it is. */
  labels: readonly string[];
  /** The name as it was asked for, of which only letters, digits, `-`, `_` and `.` are to be relied on. */
  name: string;
  type: number;
  class: number;
  /** As it was sent: a response has it byte by byte, also with letters in both cases. */
  wire: Buffer;
}

/** Of a name with the length of each label and the root's (RFC 1035, 2.3.4). */
const maxNameLength = 255;
const maxLabelLength = 63;
/** Where the first question is: behind the header. */
const start = 12;

/**
 * Reads the first question of a message. dns-packet would take a label that has a dot in it for two, and bytes that are
 * not UTF-8 for others.
 * @returns nothing if it is none: cut short, too long, or with a pointer, before which there is no name to point to
 */
export function readQuestion(message: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > maxLabelLength) return undefined;
    at += 1 + length;
    if (at > message.length || at - start > maxNameLength) return undefined;
    if (length === 0) break;
    labels.push(message.toString('latin1', at - length, at));
  }
  if (message.length < at + 4) return undefined;
  const name = labels.join('.');
  return {
    labels: labels.map((label) => label.toLowerCase()),
    name,
    type: message.readUInt16BE(at),
    class: message.readUInt16BE(at + 2),
    wire: message.subarray(start, at + 4),
  };
}
