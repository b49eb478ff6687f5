import type { Config } from '../config/config.ts';
import type { Finding } from '../doctor/check.ts';
import { warn } from '../doctor/check.ts';
import { checkPrograms } from '../doctor/programs.ts';
import { checkStorage } from '../doctor/storage.ts';
import type { Host } from '../vm/context.ts';

/** The readiness checks, by the very code that the operations use. */
export async function examine(host: Host, config: Config, stateDirectory: string): Promise<Finding[]> {
  return [
    ...checkPrograms(config.qemuBin),
    await checkStorage(stateDirectory),
    ...config.warnings.map((warning) => warn('configuration', warning, 'edit the configuration file')),
  ];
}
