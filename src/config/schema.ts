import { type } from 'arktype';
import { getMessage } from '../common/errors.ts';
import { formatMemory, formatSize } from '../common/units.ts';
import { wantedNetworks } from '../network/attachment.ts';
import { logLevels } from './config.ts';
import { fileMode, parseGuestPath, parseHostPath } from './file-sync.ts';
import type { KnownKeys } from './keys.ts';
import {
  address,
  interfaceName,
  interval,
  nameServers,
  network,
  path,
  program,
  sizeWithin,
  staleAfter,
} from './values.ts';
import { vmLimits } from './vm-limits.ts';

/** What an error of a converter is told by, apart from those of arktype itself. */
export const ownProblem = 'own';

/** What is said of an entry without a key that each needs. */
export const missing = 'is missing; each entry needs host and guest';

const line = type(/^[^\p{Cc}\u2028\u2029]+$/u).describe('a text in quotes');
const duration = line.describe('a duration in quotes with its unit, such as "30m"');
const size = line.describe('a size in quotes with its unit, such as "2G"');
const { vcpus, memoryBytes, diskBytes } = vmLimits;

const vmDefaultsTable = type({
  'vcpu?': wholeNumber(vcpus.least, vcpus.most),
  'memory?': size.pipe((text, context) =>
    converted(context, () => sizeWithin(text, memoryBytes, formatMemory)),
  ),
  'disk_size?': size.pipe((text, context) =>
    converted(context, () => sizeWithin(text, diskBytes, formatSize)),
  ),
});

const fileSyncTable = type({
  host: line.pipe((text, context) => converted(context, () => parseHostPath(text))),
  guest: line.pipe((text, context) => converted(context, () => parseGuestPath(text))),
  'mode?': line
    .describe('octal digits in quotes, such as "0600"')
    .pipe((text, context) => converted(context, () => fileMode(text))),
});

const rootTable = type({
  'log_level?': oneOf(...logLevels),
  'firecracker_bin?': line.pipe((text, context) => converted(context, () => program(text))),
  'qemu_bin?': line.pipe((text, context) => converted(context, () => program(text))),
  'vmm?': oneOf('auto', 'qemu', 'firecracker'),
  'ssh_key_path?': line.pipe((text, context) => converted(context, () => path(text))),
  'default_image_name?': line,
  'auto_stop_stale_after?': duration.pipe((text, context) => converted(context, () => staleAfter(text))),
  'stats_poll_interval?': duration.pipe((text, context) => converted(context, () => interval(text))),
  'metrics_poll_interval?': duration.pipe((text, context) => converted(context, () => interval(text))),
  'bridge_name?': line.pipe((text, context) => converted(context, () => interfaceName(text))),
  'bridge_ip?': line.pipe((text, context) => converted(context, () => address(text))),
  'cidr?': type('unknown').pipe((value, context) => converted(context, () => network(value))),
  'tap_pool_size?': wholeNumber(0, 64),
  'guest_lan?': truth(),
  'guest_peers?': truth(),
  'default_dns?': type('unknown').pipe((value, context) => converted(context, () => nameServers(value))),
  'network?': oneOf(...wantedNetworks),
  'vm_defaults?': type('unknown')
    .narrow((value, context) => !Array.isArray(value) || context.mustBe('a table'))
    .pipe(vmDefaultsTable.describe('a table')),
  'file_sync?': fileSyncTable.array().describe('a list of tables, each under a [[file_sync]] of its own'),
});

/** What a sound configuration file says, converted. */
export type FileTable = typeof rootTable.infer;

/** The tables of the file, by their names, with the keys of each. */
export const knownKeys: KnownKeys = {
  '': keysOf(rootTable),
  vm_defaults: keysOf(vmDefaultsTable),
  file_sync: keysOf(fileSyncTable),
};

/** What is wrong with one key. */
export interface Wrong {
  path: readonly string[];
  /** Goes on after the name of the setting. */
  why: string;
}

/**
 * Checks and converts the values of a file whose keys are known.
 * @param table as it was parsed
 */
export function checkValues(table: object): FileTable | Wrong[] {
  const settings = rootTable(table);
  if (!(settings instanceof type.errors)) return settings;
  return [...settings].map((error) => {
    const path = error.path.map(String);
    if (error.code === 'required') return { path, why: missing };
    if (error.expected === ownProblem) return { path, why: error.problem };
    return { path, why: `must be ${error.expected}; it is ${shown(valueAt(table, path))}` };
  });
}

/** A written value as errors show it. */
function shown(value: unknown): string {
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a table';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function valueAt(table: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], table);
}

/** What a converter makes of a value, or its error as arktype's. */
function converted<T>(
  context: { error(input: { expected: string; problem: string }): type.errors[number] },
  convert: () => T,
) {
  try {
    return convert();
  } catch (error) {
    return context.error({ expected: ownProblem, problem: getMessage(error) });
  }
}

/** One of some words. A union of literals would check the same, but words its errors badly. */
function oneOf<const Word extends string>(...words: readonly Word[]) {
  const wanted = words.map((word) => `"${word}"`).join(' or ');
  return type('unknown').narrow(
    (value, context): value is Word => words.some((word) => word === value) || context.mustBe(wanted),
  );
}

function truth() {
  return type('unknown').narrow(
    (value, context): value is boolean => typeof value === 'boolean' || context.mustBe('true or false'),
  );
}

/** arktype's own ranges tell of a value that breaks two rules in several lines. */
function wholeNumber(least: number, most: number) {
  return type('unknown').narrow(
    (value, context): value is number =>
      (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) ||
      context.mustBe(`a whole number from ${least} to ${most}`),
  );
}

function keysOf(table: typeof rootTable | typeof vmDefaultsTable | typeof fileSyncTable): string[] {
  return table.props.map((property) => String(property.key));
}
