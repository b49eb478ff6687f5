import { parse, type TomlTable } from 'smol-toml';

/**
 * The line, counted from 1, of the statement that sets a key of a TOML text. The parser does not tell, so
 * ever longer beginnings of the text are parsed: the key's statement is the one that makes it appear.
 */
export function lineOf(text: string, path: readonly string[]): number {
  const lines = text.split('\n');
  let statementStart = 1;
  for (let count = 1; count <= lines.length; count++) {
    const table = parsed(lines.slice(0, count).join('\n'));
    if (!table) continue;
    if (has(table, path)) return statementStart;
    statementStart = count + 1;
  }
  return lines.length;
}

function parsed(text: string): TomlTable | undefined {
  try {
    return parse(text);
  } catch {
    // The beginning ends within a value of several lines.
    return undefined;
  }
}

function has(table: TomlTable, path: readonly string[]): boolean {
  let value: unknown = table;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return true;
}
