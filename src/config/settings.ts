import type { Paths } from '../common/paths.ts';
import { type Config, loadConfig } from './config.ts';
import { type HostSize, hostSize, type Origin, resolveVmDefaults } from './sizes.ts';
import { camelCase, type Shown, settingTable } from './table.ts';

/** One setting with the value that is in effect. */
export interface Setting {
  /** As in the file, such as `vm_defaults.vcpu`. */
  key: string;
  /** As in the file; null where nothing is set and nothing stands for it. */
  value: Shown | readonly FileSyncValue[];
  origin: Origin | 'environment';
  /** `FILE:LINE` or the name of a variable, where the origin has such a place. */
  place?: string;
}

/** An entry of `[[file_sync]]` with full paths. */
export interface FileSyncValue {
  host: string;
  guest: string;
  mode?: string;
}

/**
 * Every setting with its value and where that came from, in the order of the documentation.
 * @throws InvalidConfig
 */
export async function settingsInEffect(
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
  host: HostSize = hostSize(),
): Promise<{ settings: readonly Setting[]; warnings: readonly string[] }> {
  const config = await loadConfig(paths, env);
  const { vcpus, memoryBytes, diskBytes } = resolveVmDefaults(config, host);
  const plain = Object.entries(settingTable).map(([key, row]): [string, Setting['value']] => {
    const value = config[camelCase(key)];
    const { show }: { show?(value: unknown, paths: Paths): Shown } = row;
    return [key, show ? show(value, paths) : (value ?? null)];
  });
  const values: [key: string, value: Setting['value'], origin?: Origin][] = [
    ...plain,
    ['vm_defaults.vcpu', vcpus.value, vcpus.origin],
    ['vm_defaults.memory', exactSize(memoryBytes.value), memoryBytes.origin],
    ['vm_defaults.disk_size', exactSize(diskBytes.value), diskBytes.origin],
    ['file_sync', fileSyncValues(config)],
  ];
  const settings = values.map(([key, value, origin = 'built-in']): Setting => {
    if (key === 'log_level' && env.BANGER_LOG_LEVEL) {
      return { key, value, origin: 'environment', place: 'BANGER_LOG_LEVEL' };
    }
    const place = config.places[key];
    return place === undefined ? { key, value, origin } : { key, value, origin: 'config', place };
  });
  return { settings, warnings: config.warnings };
}

/** Finds where a value came from, for people: `built-in`, `config FILE:LINE`. */
export function formatSource({ origin, place }: { origin: string; place?: string | undefined }): string {
  return place === undefined ? origin : `${origin} ${place}`;
}

/** Bytes in the largest unit that divides them, which the file takes. */
function exactSize(bytes: number): string {
  let [value, unit] = [bytes / 1024, 0];
  while (value % 1024 === 0 && unit < 3) [value, unit] = [value / 1024, unit + 1];
  return `${value}${'KMGT'.charAt(unit)}`;
}

function fileSyncValues({ fileSync }: Config): FileSyncValue[] {
  return fileSync.map(({ host, guest, mode }) => ({
    host,
    guest,
    ...(mode !== undefined && { mode: mode.toString(8).padStart(4, '0') }),
  }));
}
