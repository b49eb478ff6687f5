import { homedir } from 'node:os';
import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import type { ParsedConfig } from './file.ts';
import { defaultSettings, logLevels, type PlainSettings } from './table.ts';
import { readText } from './text.ts';

export type LogLevel = PlainSettings['logLevel'];

/** What the file says of the sizes of VMs; bytes. */
export interface VmSizes {
  vcpus?: number;
  memoryBytes?: number;
  diskBytes?: number;
}

/** The user's settings, with defaults for what the user left out. */
export interface Config extends PlainSettings {
  fileSync: readonly FileSync[];
  /** See `resolveVmDefaults` for what is used. */
  vmDefaults: VmSizes;
  /** Where each setting that the file has stands, `FILE:LINE` by names such as `vm_defaults.vcpu`. */
  places: Readonly<Record<string, string>>;
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

/** The file that `loadConfig` reads. */
export function configFile(paths: Paths): string {
  return join(paths.config, 'config.toml');
}

/**
 * Reads the user's configuration file, if there is one, and the environment.
 * @throws InvalidConfig naming the file, the line, the key and what to write instead
 */
export async function loadConfig(paths: Paths, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const { settings, problems, warnings } = await readConfigFile(configFile(paths), env);
  const [first, ...more] = [...problems, environmentProblem(env)].filter((problem) => problem !== undefined);
  if (first !== undefined) {
    if (more.length === 0) throw new BangerError('InvalidConfig', first);
    throw new BangerError('InvalidConfig', `${first}, and ${more.length} more`, {
      remedy: '`banger config check` lists them',
    });
  }
  return {
    ...defaultSettings(),
    fileSync: [],
    vmDefaults: {},
    places: {},
    ...settings,
    warnings,
    logLevel: getEnvironmentLogLevel(env) ?? settings.logLevel ?? 'info',
  };
}

/** What a file says, or what keeps it from saying anything. */
export interface ReadConfig extends ParsedConfig {
  exists: boolean;
}

/** Everything that a configuration file says and that is wrong with it; one that is not there says nothing. */
export async function readConfigFile(
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ReadConfig> {
  let text: string | undefined;
  try {
    text = await readText(file);
  } catch (error) {
    if (!(error instanceof BangerError)) throw error;
    return { exists: true, settings: {}, problems: [error.problem], warnings: [] };
  }
  if (text === undefined) return { exists: false, settings: {}, problems: [], warnings: [] };
  // The parser and the validator take longer to load than all the rest of the daemon.
  const { parseConfig } = await import('./file.ts');
  return { exists: true, ...parseConfig(text, file, env.HOME || homedir()) };
}

/** What is wrong with the environment's setting, if something is. */
export function environmentProblem(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env.BANGER_LOG_LEVEL;
  if (!given || logLevels.some((known) => known === given)) return undefined;
  return `BANGER_LOG_LEVEL is ${JSON.stringify(given)}; it must be one of ${logLevels.join(', ')}`;
}

/** The level of the environment, if it has one that there is. */
export function getEnvironmentLogLevel(env: NodeJS.ProcessEnv = process.env): LogLevel | undefined {
  return logLevels.find((known) => known === env.BANGER_LOG_LEVEL);
}
