import type { TomlTable } from 'smol-toml';
import { printable } from '../common/text.ts';
import type { Config } from './config.ts';
import { maxFileSyncEntries, overlaps } from './file-sync.ts';
import { findSuccessor, unknownKey } from './keys.ts';
import { findPlaces } from './places.ts';
import { checkValues, isTable, knownKeys, missing, type Wrong } from './schema.ts';
import { type Fault, parseReadable } from './syntax.ts';
import { isOutside } from './values.ts';

/** What a configuration file says. Each problem and warning is one line that begins with file and line. */
export interface ParsedConfig {
  /** Only what the file has; nothing if there is a problem. */
  settings: Partial<Config>;
  problems: readonly string[];
  warnings: readonly string[];
}

/**
 * Reads the text of a configuration file and finds everything that is wrong with it.
 * @param file its path, for messages
 * @param home what `~` stands for
 */
export function parseConfig(text: string, file: string, home: string): ParsedConfig {
  const { table, text: readable, faults } = parseReadable(text);
  const lineOf = findPlaces(readable);
  const placed = (all: readonly Wrong[]) =>
    all.map(({ path, why }) => ({ line: lineOf(path), why: `${nameOf(path)} ${why}` }));
  const sayAll = (all: readonly Fault[]) =>
    all.toSorted((a, b) => a.line - b.line).map(({ line, why }) => printable(`${file}:${line}: ${why}`));
  const older = withoutOlderKeys(table);
  const unknown = withoutUnknownKeys(table);
  const { values, wrong: all } = checkValues(table, home);
  // What is missing may be what could not be read.
  const wrong = all.filter(({ why }) => faults.length === 0 || why !== missing);
  const problems = sayAll([...faults, ...placed([...unknown, ...wrong, ...wrongTogether(table)])]);
  const warnings = sayAll(placed(older));
  if (problems.length > 0) return { settings: {}, problems, warnings };
  const places = placesOfSettings(table, (path) => `${file}:${lineOf(path)}`);
  return { settings: { ...values, places }, problems, warnings };
}

/** Takes the keys of the older tool out of a table. */
function withoutOlderKeys(table: TomlTable): Wrong[] {
  return Object.keys(table).flatMap((key) => {
    const successor = findSuccessor(key);
    if (successor === undefined) return [];
    delete table[key];
    return [{ path: [key], why: `of the older tool is ignored: ${successor}` }];
  });
}

/** Takes the keys that are no settings out of a table and the tables in it. */
function withoutUnknownKeys(table: TomlTable): Wrong[] {
  const { vm_defaults, file_sync } = table;
  const entries = Array.isArray(file_sync) ? file_sync : [];
  const inside: [path: string[], table: unknown][] = [
    [['vm_defaults'], vm_defaults],
    ...entries.map((entry, index): [string[], unknown] => [['file_sync', String(index)], entry]),
  ];
  const found = inside.flatMap(([path, inner]) => (isTable(inner) ? unknownIn(inner, path) : []));
  return [...unknownIn(table, []), ...found];
}

function unknownIn(table: Record<string, unknown>, path: readonly string[]): Wrong[] {
  const [name = ''] = path;
  return Object.keys(table).flatMap((key) => {
    if (knownKeys[name]?.includes(key)) return [];
    delete table[key];
    return [{ path: [...path, key], why: unknownKey(key, name, knownKeys) }];
  });
}

/** What is wrong between values that may each be right. */
function wrongTogether({ file_sync, bridge_ip, cidr }: TomlTable): Wrong[] {
  const entries = Array.isArray(file_sync) ? file_sync : [];
  const guests = entries.map((entry) => (isTable(entry) ? entry.guest : undefined));
  const wrong: Wrong[] = overlaps(guests).map(({ index, why }) => ({
    path: ['file_sync', String(index), 'guest'],
    why,
  }));
  if (entries.length > maxFileSyncEntries) {
    const why = `has ${entries.length} entries; no more than ${maxFileSyncEntries} are taken`;
    wrong.push({ path: ['file_sync'], why });
  }
  if (typeof bridge_ip === 'string' && typeof cidr === 'string' && isOutside(bridge_ip, cidr)) {
    wrong.push({ path: ['bridge_ip'], why: `(${bridge_ip}) does not lie in cidr (${cidr})` });
  }
  return wrong;
}

/** Finds where each setting stands, by its name. */
function placesOfSettings(
  table: TomlTable,
  placeOf: (path: readonly string[]) => string,
): Record<string, string> {
  const paths = Object.entries(table).flatMap(([key, value]) =>
    isTable(value) ? Object.keys(value).map((inner) => [key, inner]) : [[key]],
  );
  return Object.fromEntries(paths.map((path) => [path.join('.'), placeOf(path)]));
}

/** `vm_defaults.vcpu`, `file_sync[2].host`; keys that are not bare in quotes. */
function nameOf(path: readonly string[]): string {
  return path
    .map((key, depth) => {
      if (/^\d+$/.test(key) && depth > 0) return `[${key}]`;
      return `${depth > 0 ? '.' : ''}${/^[\w-]+$/.test(key) ? short(key) : JSON.stringify(short(key))}`;
    })
    .join('');
}

function short(key: string): string {
  return key.length > 60 ? `${key.slice(0, 60)}…` : key;
}
