import { isAbsolute, join } from 'node:path';
import { type } from 'arktype';
import { parse, TomlError, type TomlTable } from 'smol-toml';
import { BangerError, messageOf } from '../common/errors.ts';
import { parseSize } from '../common/units.ts';
import { type Config, logLevels } from './config.ts';
import { keysOfLaterVersions, keysOfOlderTool, nearest } from './keys.ts';
import { lineOf } from './line.ts';

const text = type('string > 0').describe('a text in quotes');
const size = type('string > 0').describe('a size in quotes with its unit, such as "2G"');

const vmDefaultsTable = type({
  'vcpu?': type('number.integer > 0').describe('a whole number of at least 1'),
  'memory?': size,
  'disk_size?': size,
});

const fileTable = type({
  'log_level?': oneOf(...logLevels),
  'qemu_bin?': text,
  'vmm?': oneOf('auto', 'qemu'),
  'ssh_key_path?': text,
  'default_image_name?': text,
  'network?': oneOf('auto', 'user'),
  'vm_defaults?': vmDefaultsTable.describe('a table'),
});

type FileTable = typeof fileTable.infer;

/** Refuses a key of the file. */
type Refuse = (path: readonly string[], why: string) => never;

/**
 * The settings of a configuration file; only those that it has.
 * @param file its path, for errors
 * @param home what `~` stands for
 * @throws InvalidConfig naming the file, the line, the key and what to write instead
 */
export function parseConfig(text: string, file: string, home: string): Partial<Config> {
  const table = parsed(text, file);
  const refuse: Refuse = (path, why) => {
    throw new BangerError('InvalidConfig', `${file}:${lineOf(text, path)}: ${path.join('.')} ${why}`);
  };
  const warnings = withoutOlderKeys(table).map(
    (key) => `${file}:${lineOf(text, [key])}: ${key} of the older tool is ignored: ${keysOfOlderTool[key]}`,
  );
  return { ...settingsOf(validated(table, refuse), home, refuse), warnings };
}

function parsed(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    // The parser's message goes on with a drawing of the place.
    const [why = ''] = messageOf(error).split('\n');
    const place = error instanceof TomlError ? `${file}:${error.line}` : file;
    throw new BangerError('InvalidConfig', `${place}: ${why}`, { cause: error });
  }
}

/** Takes the keys of the older tool out of a table and gives their names. */
function withoutOlderKeys(table: TomlTable): string[] {
  const older = Object.keys(table).filter((key) => Object.hasOwn(keysOfOlderTool, key));
  for (const key of older) delete table[key];
  return older;
}

function validated(table: TomlTable, refuse: Refuse): FileTable {
  refuseUnknown([], table, keysOf(fileTable), refuse);
  if (typeof table.vm_defaults === 'object') {
    refuseUnknown(['vm_defaults'], table.vm_defaults, keysOf(vmDefaultsTable), refuse);
  }
  const settings = fileTable(table);
  if (!(settings instanceof type.errors)) return settings;
  const [problem] = settings;
  if (!problem) throw new BangerError('Internal', 'a configuration was refused without a reason');
  const path = problem.path.map(String);
  const written = path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], table);
  return refuse(path, `must be ${problem.expected}; it is ${JSON.stringify(written)}`);
}

/** One of some words. A union of literals would check the same, but words its errors badly. */
function oneOf<const Word extends string>(...words: readonly Word[]) {
  const wanted = words.map((word) => `"${word}"`).join(' or ');
  return type('unknown').narrow(
    (value, context): value is Word => words.some((word) => word === value) || context.mustBe(wanted),
  );
}

function refuseUnknown(
  path: readonly string[],
  table: object,
  known: readonly string[],
  refuse: Refuse,
): void {
  for (const key of Object.keys(table)) {
    if (known.includes(key)) continue;
    if (keysOfLaterVersions.includes(key)) {
      refuse([...path, key], 'is not supported by this version of banger yet; remove it');
    }
    const meant = nearest(key, known);
    refuse(
      [...path, key],
      `is not a setting; ${meant ? `did you mean ${[...path, meant].join('.')}?` : `known here: ${known.join(', ')}`}`,
    );
  }
}

function keysOf(table: typeof fileTable | typeof vmDefaultsTable): string[] {
  return table.props.map((property) => String(property.key));
}

function settingsOf(table: FileTable, home: string, refuse: Refuse): Partial<Config> {
  const { vcpu, memory, disk_size } = table.vm_defaults ?? {};
  const path = (key: 'qemu_bin' | 'ssh_key_path', value: string) => {
    const full = value.startsWith('~/') ? join(home, value.slice(2)) : value;
    return isAbsolute(full)
      ? full
      : refuse([key], `must be an absolute path or begin with ~/; it is '${value}'`);
  };
  const bytes = (key: string, value: string) => {
    try {
      return parseSize(value, key);
    } catch (error) {
      return refuse(['vm_defaults', key], `is wrong: ${messageOf(error)}`);
    }
  };
  const { log_level, qemu_bin, vmm, ssh_key_path, default_image_name, network } = table;
  return {
    ...(log_level && { logLevel: log_level }),
    // A bare name is looked for in PATH.
    ...(qemu_bin && { qemuBin: qemu_bin.includes('/') ? path('qemu_bin', qemu_bin) : qemu_bin }),
    ...(vmm && { vmm }),
    ...(ssh_key_path && { sshKeyPath: path('ssh_key_path', ssh_key_path) }),
    ...(default_image_name && { defaultImageName: default_image_name }),
    ...(network && { network }),
    vmDefaults: {
      ...(vcpu && { vcpus: vcpu }),
      ...(memory && { memoryBytes: bytes('memory', memory) }),
      ...(disk_size && { diskBytes: bytes('disk_size', disk_size) }),
    },
  };
}
