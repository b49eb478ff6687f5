import { readFileSync, type Stats, unwatchFile, watchFile } from 'node:fs';
import { parse } from 'smol-toml';
import { BangerError, getMessage, getSystemCode } from '../common/errors.ts';
import { type Ipv4Network, overlap, parseNetwork } from '../common/ipv4.ts';
import { maxTaps } from './names.ts';

/** What the administrator allows. */
export interface Settings {
  /** Each user gets a /24 of it. */
  pool: Ipv4Network;
  /** How many taps a user may have. */
  maxTaps: number;
  /** The ways out, by their interfaces; those of the default routes where there are none. */
  uplinks: readonly string[];
  /** Whether users may let guests reach private networks. */
  allowLan: boolean;
}

export const settingsFile = '/etc/banger/netd.toml';

const defaults: Settings = {
  pool: { base: 0xac_1e_00_00, prefix: 16 },
  maxTaps: 64,
  uplinks: [],
  allowLan: true,
};

/** What no pool may have a part of: these mean something to every host. */
const reserved = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'];

/** The file changes rarely, and is replaced by editors, of which no event of Node tells. */
const watchIntervalMs = 5_000;

/**
 * Calls back when the administrator's file has changed, some seconds later at most.
 * @returns ends that
 */
export function watchSettings(onChange: () => void, file = settingsFile): () => void {
  // It is called for a mere look at the file, too, and once for one that is not there.
  const listener = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) onChange();
  };
  watchFile(file, { interval: watchIntervalMs, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}

/**
 * Reads the administrator's file; the defaults where there is none.
 * @throws InvalidConfig naming the file and what is wrong
 */
export function readSettings(file = settingsFile): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT') return defaults;
    throw wrong(file, `cannot be read: ${getMessage(error)}`);
  }
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    throw wrong(file, getMessage(error).split('\n')[0] ?? 'is not valid TOML');
  }
  const unknown = Object.keys(table).find((key) => !Object.hasOwn(readers, key));
  if (unknown !== undefined) {
    throw wrong(file, `${unknown} is not a setting`, `the settings are ${Object.keys(readers).join(', ')}`);
  }
  const settings = { ...defaults };
  for (const [key, value] of Object.entries(table)) {
    const problem = readers[key]?.(settings, value);
    if (problem !== undefined) throw wrong(file, `${key} ${problem}`);
  }
  return settings;
}

/** Each puts a value into the settings, or says what it must be. */
const readers: Readonly<Record<string, (settings: Settings, value: unknown) => string | undefined>> = {
  pool(settings, value) {
    const network = typeof value === 'string' ? parseNetwork(value) : undefined;
    if (!network || network.prefix < 8 || network.prefix > 24) {
      return 'must be an IPv4 network from /8 to /24, such as "172.30.0.0/16"';
    }
    const clash = reserved.find((text) => overlap(network, parseNetwork(text) ?? network));
    if (clash !== undefined) return `must not have a part of ${clash}`;
    settings.pool = network;
    return undefined;
  },
  max_taps(settings, value) {
    if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > maxTaps) {
      return `must be a whole number from 0 to ${maxTaps}`;
    }
    settings.maxTaps = Number(value);
    return undefined;
  },
  uplinks(settings, value) {
    const names = Array.isArray(value) ? value : [value];
    if (!names.every((name) => typeof name === 'string' && isLinkName(name))) {
      return 'must be a list of interfaces, such as ["eth0"]';
    }
    settings.uplinks = names;
    return undefined;
  },
  allow_lan(settings, value) {
    if (typeof value !== 'boolean') return 'must be true or false';
    settings.allowLan = value;
    return undefined;
  },
};

/** Checks whether this can stand in rules as the name of an interface. */
export function isLinkName(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,14}$/.test(name);
}

function wrong(file: string, what: string, remedy = 'the administrator has to correct it'): BangerError {
  return new BangerError('InvalidConfig', `${file}: ${what.trim()}`, { remedy });
}
