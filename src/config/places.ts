import { parse, type TomlTable, type TomlValue } from 'smol-toml';

/**
 * The pieces of TOML 1.0 that can hold a newline, a bracket or a comma which means something else, and those
 * that mean what they are: strings of four kinds, comments, brackets, commas, newlines.
 */
const token =
  /"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|#[^\n]*|[[\]{},\n]|[^"'#[\]{},\n]+/g;

/** No setting has more keys and indexes on its way, whatever a text has. */
const deepest = 4;

/** A statement of a TOML text: a header or a key with its value. */
interface Statement {
  text: string;
  /** Counted from 1. */
  line: number;
  /** Where each element begins, if the value is a list. */
  elements: readonly number[];
}

/** Finds the line of a key, or of the innermost table or list around it that is written down. */
export type LineOf = (path: readonly string[]) => number;

/**
 * Finds where the keys of a TOML text stand, which its parser does not tell.
 * @param text what the parser took without an error
 */
export function findPlaces(text: string): LineOf {
  const lines = new Map<string, number>();
  const note = (path: readonly string[], line: number) => {
    if (!lines.has(keyOf(path))) lines.set(keyOf(path), line);
  };
  /** How many entries each list of tables has so far. */
  const counts = new Map<string, number>();
  let table: string[] = [];
  for (const statement of statementsOf(text)) {
    const parsed = parse(statement.text);
    if (!statement.text.startsWith('[')) {
      noteAll(parsed, table, statement, note);
      continue;
    }
    table = [];
    const keys = keysOfHeader(parsed, deepest);
    const isEntry = statement.text.startsWith('[[');
    for (const [index, key] of keys.entries()) {
      table.push(key);
      note(table, statement.line);
      const list = keyOf(table);
      if (isEntry && index === keys.length - 1) counts.set(list, (counts.get(list) ?? 0) + 1);
      const count = counts.get(list);
      if (count !== undefined) table.push(String(count - 1));
    }
    note(table, statement.line);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

function* statementsOf(text: string): Generator<Statement> {
  let [start, line, startLine, depth] = [0, 1, 1, 0];
  let elements: number[] = [];
  let expectsElement = false;
  for (const { 0: piece, index } of `${text}\n`.matchAll(token)) {
    const isVoid = piece.startsWith('#') || piece.trim() === '';
    if (piece === '\n' && depth === 0) {
      const statement = text.slice(start, index).trim();
      if (statement !== '') yield { text: statement, line: startLine, elements };
      [start, startLine, elements] = [index + 1, line + 1, []];
    } else if (piece === ']' || piece === '}') depth--;
    else if (expectsElement && !isVoid) {
      elements.push(line);
      expectsElement = false;
    }
    if (piece === '[' || piece === '{') {
      depth++;
      if (depth === 1 && piece === '[') expectsElement = true;
    } else if (piece === ',' && depth === 1 && elements.length > 0) expectsElement = true;
    line += piece.split('\n').length - 1;
  }
}

/** Notes every key and element of a statement that sets something. */
function noteAll(
  value: TomlValue,
  path: readonly string[],
  { line, elements }: Statement,
  note: (path: readonly string[], line: number) => void,
): void {
  if (path.length >= deepest) return;
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const inside = [...path, String(index)];
      // Only the outermost list has its elements counted; what is deeper stands where its element begins.
      const start = elements[index] ?? line;
      note(inside, start);
      noteAll(element, inside, { text: '', line: start, elements: [] }, note);
    }
  } else if (isTable(value)) {
    for (const [key, inner] of Object.entries(value)) {
      note([...path, key], line);
      noteAll(inner, [...path, key], { text: '', line, elements }, note);
    }
  }
}

/** The keys of `[a.b]` and `[[a.b]]`, parsed on their own, up to a depth. */
function keysOfHeader(parsed: TomlTable, depth: number): string[] {
  const [first] = Object.entries(parsed);
  if (!first || depth === 0) return [];
  const [key, value] = first;
  return [key, ...(isTable(value) ? keysOfHeader(value, depth - 1) : [])];
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
