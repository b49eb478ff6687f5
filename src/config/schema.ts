import { join } from 'node:path';
import type { FileSync, VmSizes } from './config.ts';
import type { KnownKeys } from './keys.ts';
import { type Check, kit, mustBe } from './kit.ts';
import { camelCase, fileSyncTable, type PlainSettings, settingTable, vmDefaultsTable } from './table.ts';

/** What is said of an entry without a key that each needs. */
export const missing = 'is missing; each entry needs host and guest';

/** The tables of the file, by their names, with the keys of each; the unnamed one is the file itself. */
export const knownKeys: KnownKeys = {
  '': [...Object.keys(settingTable), 'vm_defaults', 'file_sync'],
  vm_defaults: Object.keys(vmDefaultsTable),
  file_sync: Object.keys(fileSyncTable),
};

/** What is wrong with one key. */
export interface Wrong {
  path: readonly string[];
  /** Goes on after the name of the setting. */
  why: string;
}

/** What a file sets, under the names of the programs. */
export interface Values extends Partial<PlainSettings> {
  vmDefaults: VmSizes;
  fileSync?: readonly FileSync[];
}

type Checks = Readonly<Record<string, Check<unknown>>>;

const settingChecks: Checks = mapValues(settingTable, ({ check }) => check(kit));
const sizeChecks: Checks = mapValues(vmDefaultsTable, (check) => check(kit));
const fileSyncChecks: Checks = mapValues(fileSyncTable, (check) => check(kit));

/**
 * Checks and converts every value of a file whose keys are known.
 * @param table as it was parsed
 * @param home what `~` stands for
 */
export function checkValues(
  { vm_defaults, file_sync, ...plain }: Readonly<Record<string, unknown>>,
  home: string,
): { values: Values; wrong: readonly Wrong[] } {
  const wrong: Wrong[] = [];
  const checkAll = (table: Readonly<Record<string, unknown>>, checks: Checks, at: readonly string[]) => {
    const values: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(table)) {
      const check = checks[key];
      if (check === undefined) continue;
      const checked = check(value);
      if ('why' in checked) {
        const { why, index } = checked;
        wrong.push({ path: [...at, key, ...(index === undefined ? [] : [String(index)])], why });
      } else if (checked.value !== undefined) values[key] = checked.value;
    }
    return values;
  };
  const full = (path: unknown) => (String(path).startsWith('~/') ? join(home, String(path).slice(2)) : path);
  const settings = Object.entries(checkAll(plain, settingChecks, [])).map(([key, value]) => {
    const { isPath } = settingTable[key as keyof typeof settingTable];
    return [camelCase(key), isPath ? full(value) : value];
  });

  const isNoTable = vm_defaults !== undefined && !isTable(vm_defaults);
  if (isNoTable) wrong.push({ path: ['vm_defaults'], why: mustBe('a table', vm_defaults) });
  const sizes = checkAll(isTable(vm_defaults) ? vm_defaults : {}, sizeChecks, ['vm_defaults']);

  const isNoList = file_sync !== undefined && !Array.isArray(file_sync);
  const list = 'a list of tables, each under a [[file_sync]] of its own';
  if (isNoList) wrong.push({ path: ['file_sync'], why: mustBe(list, file_sync) });
  const entries = (Array.isArray(file_sync) ? file_sync : []).map((entry: unknown, index) => {
    const at = ['file_sync', String(index)];
    if (!isTable(entry)) {
      wrong.push({ path: at, why: mustBe('a table', entry) });
      return {};
    }
    for (const key of ['host', 'guest'])
      if (!(key in entry)) wrong.push({ path: [...at, key], why: missing });
    const values = checkAll(entry, fileSyncChecks, at);
    return { ...values, host: full(values.host) };
  });
  // What every check has taken has the types that the checks have.
  const values = {
    ...Object.fromEntries(settings),
    vmDefaults: renamed(sizes),
    ...(file_sync !== undefined && { fileSync: entries as unknown as readonly FileSync[] }),
  };
  return { values, wrong };
}

function renamed({ vcpu, memory, disk_size }: Record<string, unknown>): VmSizes {
  return {
    ...(typeof vcpu === 'number' && { vcpus: vcpu }),
    ...(typeof memory === 'number' && { memoryBytes: memory }),
    ...(typeof disk_size === 'number' && { diskBytes: disk_size }),
  };
}

/** Checks whether a value of the file is a table, which a list and a date are not. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function mapValues<T>(table: Readonly<Record<string, T>>, map: (row: T) => Check<unknown>): Checks {
  return Object.fromEntries(Object.entries(table).map(([key, row]) => [key, map(row)]));
}
