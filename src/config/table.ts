import { ownKeyFile, type Paths } from '../common/paths.ts';
import { formatDuration, formatMemory, formatSize } from '../common/units.ts';
import { wantedNetworks } from '../network/attachment.ts';
import { fileMode, parseGuestPath, parseHostPath } from './file-sync.ts';
import type { Check, Kit } from './kit.ts';
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

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A value as `config show` has it; null where nothing is set and nothing stands for it. */
export type Shown = string | number | boolean | readonly string[] | null;

/** One setting of the file. */
interface Row<T, Default> {
  /** What the file may have, and what that means. */
  check(kit: Kit): Check<T>;
  /** A path, of which `~/` is the home directory. */
  isPath?: boolean;
  /** The value as the file would have it; itself where absent. */
  show?(value: T | Default, paths: Paths): Shown;
  /** What is in effect where the file has nothing. */
  default: Default;
}

type WithoutDefault<T> = Omit<Row<T, undefined>, 'default'>;

const durationText = 'a duration in quotes with its unit, such as "30m"';
const sizeText = 'a size in quotes with its unit, such as "2G"';

/**
 * Every setting that stands above the tables of the file, in the order of the documentation. Their names in programs
 * are the same in camel case; durations are milliseconds. It is loaded without the checks' library, which takes longer
 * than all the rest of the daemon.
 */
export const settingTable = {
  log_level: row({ check: ({ oneOf }) => oneOf(...logLevels), default: 'info' }),
  default_image_name: row({ check: ({ text }) => text, default: 'debian-bookworm' }),
  ssh_key_path: optional({
    check: ({ textAs }) => textAs(path),
    isPath: true,
    show: (file, paths) => file ?? ownKeyFile(paths.config),
  }),
  vmm: row({ check: ({ oneOf }) => oneOf('auto', 'qemu', 'firecracker'), default: 'auto' }),
  qemu_bin: row({ check: ({ textAs }) => textAs(program), default: 'qemu-system-x86_64', isPath: true }),
  firecracker_bin: optional({
    check: ({ textAs }) => textAs(program),
    isPath: true,
    show: (file) => file ?? 'firecracker',
  }),
  network: row({ check: ({ oneOf }) => oneOf(...wantedNetworks), default: 'auto' }),
  default_dns: optional({ check: ({ valueAs }) => valueAs(nameServers) }),
  bridge_name: optional({ check: ({ textAs }) => textAs(interfaceName) }),
  bridge_ip: optional({ check: ({ textAs }) => textAs(address) }),
  cidr: optional({ check: ({ valueAs }) => valueAs(network) }),
  tap_pool_size: row({
    check: ({ wholeNumber }) => wholeNumber({ least: 0, most: 64 }),
    default: 1,
  }),
  guest_lan: row({ check: ({ truth }) => truth, default: false }),
  guest_peers: row({ check: ({ truth }) => truth, default: false }),
  auto_stop_stale_after: optional({
    check: ({ textAs }) => textAs(staleAfter, durationText),
    show: (ms) => (ms === undefined ? 'off' : formatDuration(ms)),
  }),
  stats_poll_interval: row({
    check: ({ textAs }) => textAs(interval, durationText),
    default: 10_000,
    show: formatDuration,
  }),
  metrics_poll_interval: row({
    check: ({ textAs }) => textAs(interval, durationText),
    default: 60_000,
    show: formatDuration,
  }),
} as const;

/** The keys of `[vm_defaults]`. */
export const vmDefaultsTable = {
  vcpu: ({ wholeNumber }: Kit): Check<number> => wholeNumber(vmLimits.vcpus),
  memory: ({ textAs }: Kit) =>
    textAs((text) => sizeWithin(text, vmLimits.memoryBytes, formatMemory), sizeText),
  disk_size: ({ textAs }: Kit) =>
    textAs((text) => sizeWithin(text, vmLimits.diskBytes, formatSize), sizeText),
} as const;

/** The keys of a `[[file_sync]]`. */
export const fileSyncTable = {
  host: ({ textAs }: Kit) => textAs(parseHostPath),
  guest: ({ textAs }: Kit) => textAs(parseGuestPath),
  mode: ({ textAs }: Kit) => textAs(fileMode, 'octal digits in quotes, such as "0600"'),
} as const;

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<R> = R extends Row<infer T, infer Default> ? T | Default : never;

/** The settings above the tables, under the names of the programs. */
export type PlainSettings = {
  -readonly [Key in keyof typeof settingTable as CamelCase<Key>]: ValueOf<(typeof settingTable)[Key]>;
};

/** The name in programs of a key of the file. */
export function camelCase(key: string): keyof PlainSettings {
  return key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof PlainSettings;
}

/** Makes the settings of a file that has none. */
export function defaultSettings(): PlainSettings {
  const entries = Object.entries(settingTable).map(([key, row]) => [camelCase(key), row.default]);
  return Object.fromEntries(entries);
}

function row<T>(one: Row<T, NoInfer<T>>): Row<T, NoInfer<T>> {
  return one;
}

/** A setting that nothing stands for where the file has nothing. */
function optional<T>(one: WithoutDefault<T>): Row<T, undefined> {
  return { ...one, default: undefined };
}
