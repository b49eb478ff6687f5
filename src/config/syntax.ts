import { parse, TomlError, type TomlTable } from 'smol-toml';
import { getMessage } from '../common/errors.ts';

/** More faults than that are no slips; the file is something else. */
const maxFaults = 100;
/** How many lines the value of a setting may have to be skipped as a whole. */
const maxStatementLength = 100;
/** Stands in for a header that cannot be read, so that what is below it does not count as the table before. */
const unreadable = '(unreadable)';

const tooMany = `is not valid TOML, like ${maxFaults} lines before it; what follows was not checked`;
const noEnd = 'is not valid TOML: what begins here has no end; close its bracket or quote';

/** Where a text is not valid TOML. */
export interface Fault {
  /** Counted from 1. */
  line: number;
  why: string;
}

/** What could be read of a text. */
export interface Readable {
  table: TomlTable;
  /** The text with its lines, those that could not be read being empty. */
  text: string;
  faults: readonly Fault[];
}

/**
 * Parses a TOML text and goes on behind what is wrong in it, since the parser stops at the first fault: the
 * line is taken out and the rest parsed again.
 */
export function parseReadable(whole: string): Readable {
  const lines = whole.split('\n');
  const faults: Fault[] = [];
  /** What stands before a place behind which nothing is read. */
  const upTo = (count: number, fault: Fault): Readable => {
    const text = lines.slice(0, count).join('\n');
    return { table: parseWithout(text), text, faults: [...faults, fault] };
  };
  for (;;) {
    const text = lines.join('\n');
    try {
      return { table: parseWithout(text), text, faults };
    } catch (error) {
      const at = Math.min(error instanceof TomlError ? error.line : 1, lines.length) - 1;
      const fault = takeOut(lines, at, reasonOf(error));
      if (fault && faults.length < maxFaults) faults.push(fault);
      else {
        const count = readableLines(lines, at);
        // After a value without an end it is not known what belongs to it.
        return upTo(count, fault ? { line: fault.line, why: tooMany } : { line: count + 1, why: noEnd });
      }
    }
  }
}

/** Empties the line with a fault; nothing if the fault is not that line's. */
function takeOut(lines: string[], at: number, reason: string): Fault | undefined {
  const isAgain = reason.includes('redefine');
  const count = isAgain ? statementLength(lines, at) : 1;
  const statement = lines.slice(at, at + count).join('\n');
  const line = at + 1;
  const readable = isReadable(statement);
  if (readable && !isAgain) return undefined;
  const begins = /^\s*[\w.-]+\s*=/.test(statement);
  if (begins && !isReadable(lines.slice(0, at).join('\n'))) return undefined;
  if (reason === 'unfinished string' && /"""|'''/.test(statement)) return undefined;
  const isHeader = statement.trimStart().startsWith('[');
  lines.fill('', at, at + count);
  if (isHeader) lines[at] = `[[${JSON.stringify(unreadable)}]]`;
  const form = isHeader ? '[TABLE] alone on its line' : 'KEY = VALUE, with texts in quotes';
  if (!readable) return { line, why: `is not valid TOML: ${reason}; write ${form}` };
  const name = (isHeader ? statement : (statement.split('=', 1)[0] ?? '')).trim();
  return { line, why: `${name} is there for the second time; leave one of the two out` };
}

/** Counts how many lines before a place can be read, which are those before the value without an end. */
function readableLines(lines: readonly string[], at: number): number {
  const isReadableUpTo = (count: number) => isReadable(lines.slice(0, count).join('\n'));
  let broken = at + 1;
  while (broken > Math.max(1, at - maxStatementLength)) {
    if (isReadableUpTo(broken - 1)) return broken - 1;
    broken--;
  }
  // It is longer than any value should be: near enough, in few steps.
  let readable = 0;
  while (broken - readable > 1) {
    const middle = Math.floor((readable + broken) / 2);
    if (isReadableUpTo(middle)) readable = middle;
    else broken = middle;
  }
  return readable;
}

/** Counts how many lines the statement that begins at a line has; one if that cannot be told. */
function statementLength(lines: readonly string[], at: number): number {
  for (let count = 1; count <= maxStatementLength && at + count <= lines.length; count++) {
    if (isReadable(lines.slice(at, at + count).join('\n'))) return count;
  }
  return 1;
}

/** Parses what can be read, and leaves out what stood below headers that could not. */
function parseWithout(text: string): TomlTable {
  const table = parse(text);
  delete table[unreadable];
  return table;
}

function isReadable(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The parser's reason without its beginning and its drawing of the place. */
function reasonOf(error: unknown): string {
  const [first = ''] = getMessage(error).split('\n');
  return first.replace('Invalid TOML document: ', '');
}
