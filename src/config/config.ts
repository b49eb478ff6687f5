import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BangerError, messageOf, systemCodeOf } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The user's settings, with defaults for what the user left out. */
export interface Config {
  logLevel: LogLevel;
  /** A path, or a name to look for in PATH. */
  qemuBin: string;
  vmm: 'auto' | 'qemu';
  /** The private key that opens the VMs; where absent, banger has one of its own. */
  sshKeyPath?: string;
  defaultImageName: string;
  network: 'auto' | 'user';
  /** A VM that nobody has used for so long is stopped; never where absent. */
  autoStopStaleAfterMs?: number;
  /** How often the host is asked what running VMs use. */
  statsPollIntervalMs: number;
  /** How often the agents of running guests are asked, which costs the guests something. */
  metricsPollIntervalMs: number;
  /** The name servers that guests are given; where absent, the network's own. IPv4 addresses. */
  defaultDns?: readonly string[];
  fileSync: readonly FileSync[];
  /** What the file says of VM sizes; see `resolveVmDefaults` for what is used. */
  vmDefaults: {
    vcpus?: number;
    memoryBytes?: number;
    diskBytes?: number;
  };
  /** What the user should know and that stops nothing, such as keys of an older tool. */
  warnings: readonly string[];
}

/** One `[[file_sync]]`: what every guest gets of the host's files at each start. */
export interface FileSync {
  /** Absolute: a file or a directory. */
  host: string;
  /** Below /root, absolute. */
  guest: string;
  /** Permissions of a file, such as 0o600; not for directories. */
  mode?: number;
}

/** No configuration comes near it. */
const mostBytes = 1024 * 1024;

/** The file that `loadConfig` reads. */
export function configFile(paths: Paths): string {
  return join(paths.config, 'config.toml');
}

/**
 * Reads the user's configuration file, if there is one, and the environment.
 * @throws InvalidConfig naming the file, the line, the key and what to write instead
 */
export async function loadConfig(paths: Paths, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const file = configFile(paths);
  const text = await readIfThere(file);
  // The parser and the validator take longer to load than all the rest of the daemon.
  const settings =
    text === undefined
      ? undefined
      : (await import('./file.ts')).parseConfig(text, file, env.HOME || homedir());
  return {
    qemuBin: 'qemu-system-x86_64',
    vmm: 'auto',
    defaultImageName: 'debian-bookworm',
    network: 'auto',
    statsPollIntervalMs: 10_000,
    metricsPollIntervalMs: 60_000,
    fileSync: [],
    vmDefaults: {},
    warnings: [],
    ...settings,
    logLevel: logLevelOf(env) ?? settings?.logLevel ?? 'info',
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw new BangerError('InvalidConfig', `the configuration cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (bytes.length > mostBytes) {
    throw new BangerError('InvalidConfig', `${file} has ${bytes.length} bytes; that is no configuration`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new BangerError('InvalidConfig', `${file} is not UTF-8 text`, { cause: error });
  }
}

function logLevelOf(env: NodeJS.ProcessEnv): LogLevel | undefined {
  const given = env.BANGER_LOG_LEVEL;
  if (!given) return undefined;
  const level = logLevels.find((known) => known === given);
  if (level) return level;
  throw new BangerError(
    'InvalidConfig',
    `BANGER_LOG_LEVEL is '${given}'; it must be one of ${logLevels.join(', ')}`,
  );
}
