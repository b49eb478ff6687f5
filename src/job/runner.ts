import type { Command } from '../common/exec.ts';

/**
 * Runs programs of a job apart from the daemon: those that need set-uid helpers, which the daemon's own service may
 * not use, and that must be found again by the next daemon when this one is killed.
 */
export interface JobRunner {
  /**
   * The command by which a command is run under a name, as the first or only one that has it at the time. Streams and
   * exit status are the program's. Of the environment, it has what differs from the daemon's own.
   * @param name `banger-job-<n>`
   */
  command(name: string, command: Command): Command;
  /**
   * Ends all that runs under a name, also what another daemon started, and waits until it has ended.
   * @throws Timeout
   */
  end(name: string): Promise<void>;
}

/** The name for the programs of a job. @param job its number @param id of what it makes, because numbers begin anew with each daemon */
export function jobUnit(job: number | undefined, id: string): string {
  return `banger-job-${job === undefined ? '' : `${job}-`}${id}`;
}
