import type { Command } from '../common/exec.ts';
import { killUntilGone } from '../common/kill.ts';
import { allPids, isLive, readStat, readVariable } from '../common/proc.ts';
import type { JobRunner } from './runner.ts';

/** The variable by which what a job has started is recognised. */
const markVariable = 'BANGER_JOB';

/** Runs a job's programs as children of the daemon, for hosts without a user manager. */
export class DirectRunner implements JobRunner {
  command(name: string, command: Command): Command {
    const { file, args, timeoutMs, graceMs = 0, env = process.env } = command;
    const seconds = (ms: number) => String(ms / 1000);
    return {
      ...command,
      // Some programs end early only if all their children are told, which timeout does for a whole process group,
      // and they must not go on without us.
      file: 'setpriv',
      args: [
        ...['--pdeathsig', 'TERM', 'timeout', '--kill-after', seconds(graceMs), seconds(timeoutMs)],
        ...[file, ...args],
      ],
      env: { ...env, [markVariable]: name },
    };
  }

  async end(name: string): Promise<void> {
    await killUntilGone(() => marked(name), name);
  }
}

function marked(name: string): number[] {
  return allPids().filter((pid) => readVariable(pid, markVariable) === name && isLive(readStat(pid)));
}
