import { parse, TomlError, type TomlTable } from 'smol-toml';
import { messageOf } from '../common/errors.ts';

/** More faults than that are no slips; the file is something else. */
const mostFaults = 100;
/** How many lines the value of a setting may have to be skipped as a whole. */
const longestStatement = 100;
/** Stands in for a header that cannot be read, so that what is below it does not count as the table before. */
const unreadable = '(unreadable)';

/** Where a text is no TOML. */
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
  for (;;) {
    const text = lines.join('\n');
    try {
      const table = parse(text);
      delete table[unreadable];
      return { table, text, faults };
    } catch (error) {
      const at = Math.min(error instanceof TomlError ? error.line : 1, lines.length) - 1;
      const fault = takeOut(lines, at, reasonOf(error));
      // After a value without an end it is not known what belongs to it.
      if (!fault || faults.length >= mostFaults) return rest(lines, at, faults);
      faults.push(fault);
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
  if (reason === 'unfinished string' && /"""|'''/.test(statement)) return undefined;
  const isHeader = statement.trimStart().startsWith('[');
  lines.fill('', at, at + count);
  if (isHeader) lines[at] = `[[${JSON.stringify(unreadable)}]]`;
  const form = isHeader ? '[TABLE] alone on its line' : 'KEY = VALUE, with texts in quotes';
  if (!readable) return { line, why: `is no TOML: ${reason}; write ${form}` };
  const name = (isHeader ? statement : (statement.split('=', 1)[0] ?? '')).trim();
  return { line, why: `${name} is there for the second time; leave one of the two out` };
}

/** What stands before a value that has no end, with that value as a fault. */
function rest(lines: readonly string[], at: number, faults: readonly Fault[]): Readable {
  for (let count = at; ; count--) {
    const text = lines.slice(0, count).join('\n');
    if (count > 0 && !isReadable(text)) continue;
    const table = parse(text);
    delete table[unreadable];
    const why = 'is no TOML: what begins here has no end; close its bracket or quote';
    return { table, text, faults: [...faults, { line: count + 1, why }] };
  }
}

/** How many lines the statement that begins at a line has; one if that cannot be told. */
function statementLength(lines: readonly string[], at: number): number {
  for (let count = 1; count <= longestStatement && at + count <= lines.length; count++) {
    if (isReadable(lines.slice(at, at + count).join('\n'))) return count;
  }
  return 1;
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
  const [first = ''] = messageOf(error).split('\n');
  return first.replace('Invalid TOML document: ', '');
}
