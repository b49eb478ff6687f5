import type { Logger } from 'pino';
import type { Paths } from '../common/paths.ts';
import { configFile, environmentProblem, getEnvironmentLogLevel, readConfigFile } from '../config/config.ts';

/** What a daemon takes from its configuration at once; the rest is read whenever it is needed. */
export interface LogSettings {
  level: string;
  /** All that is wrong with the configuration. */
  problems: readonly string[];
  warnings: readonly string[];
}

/** Reads the configuration for how much is logged. A broken one is no error here, but of each call that needs it. */
export async function readLogSettings(paths: Paths): Promise<LogSettings> {
  const { settings, problems, warnings } = await readConfigFile(configFile(paths));
  return {
    level: getEnvironmentLogLevel() ?? settings.logLevel ?? 'info',
    problems: [...problems, environmentProblem()].filter((problem) => problem !== undefined),
    warnings,
  };
}

/** Writes what is wrong with the configuration, and what the user should know. */
export function logSettings(log: Logger, { problems, warnings }: LogSettings): void {
  for (const problem of problems) log.error(problem);
  for (const warning of warnings) log.warn(warning);
}

/**
 * Reads and checks the configuration anew, and applies its log level unless something is wrong with it.
 * @returns the first thing that is wrong, if something is
 */
export async function reload(paths: Paths, log: Logger): Promise<string | undefined> {
  const settings = await readLogSettings(paths);
  logSettings(log, settings);
  const [problem] = settings.problems;
  if (problem === undefined) log.level = settings.level;
  log.info(
    { log_level: log.level },
    problem === undefined ? 'the configuration was read again' : 'the configuration stays as it was',
  );
  return problem;
}
