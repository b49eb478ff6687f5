import { constants } from 'node:os';
import { endOf, type ProgramEnd, unknownEnd } from '../supervise/supervisor.ts';

/** What systemd says of the last run of a service: org.freedesktop.systemd1(5), "Service Unit Objects". */
export interface RunResult {
  Result: string;
  /** CLD_EXITED, CLD_KILLED or CLD_DUMPED of sigaction(2); 0 while the program runs. */
  ExecMainCode: number;
  ExecMainStatus: number;
}

const exited = 1;
const killed = 2;
const dumped = 3;

/** What went wrong beside the way in which the program itself ended. */
const causes: Readonly<Record<string, string>> = {
  'oom-kill': 'was killed because the host or its unit had no memory left',
  timeout: 'was killed because it did not end in time when it was stopped',
  watchdog: 'was killed because it no longer answered',
};

/** How the program of a unit ended. */
export function toProgramEnd({ Result, ExecMainCode, ExecMainStatus }: RunResult): ProgramEnd {
  const cause = causes[Result];
  if (cause) return { clean: false, how: cause };
  if (ExecMainCode === exited) return endOf(ExecMainStatus, null);
  if (ExecMainCode !== killed && ExecMainCode !== dumped) return unknownEnd;
  const name = Object.entries(constants.signals).find(([, number]) => number === ExecMainStatus)?.[0];
  const end = endOf(null, name ?? `signal ${ExecMainStatus}`);
  // systemd takes the signals by which one asks a program to end for success.
  return { ...end, clean: Result === 'success' };
}

/** systemd.exec(5), "Process Exit Codes": what kept systemd from executing a program. */
const steps: Readonly<Record<number, string>> = {
  200: 'CHDIR',
  203: 'EXEC',
  205: 'LIMITS',
  209: 'STDOUT',
  210: 'CHROOT',
  217: 'USER',
  218: 'CAPABILITIES',
  219: 'CGROUP',
  222: 'STDERR',
  226: 'NAMESPACE',
  228: 'SECCOMP',
};

/** The steps that fail on hosts which let no ordinary user make namespaces. */
const confinement: ReadonlySet<number> = new Set([217, 218, 226]);

/** Why a unit did not come up. */
export interface UnitStartFailure {
  /** After "cannot start FILE: ". */
  cause: string;
  /** Whether it is the confinement that this host cannot give. */
  isConfinement: boolean;
}

/** Results of a unit that failed before there was a program. */
const early: readonly string[] = ['resources', 'timeout', 'exec-condition', 'start-limit-hit'];

/** Explains why systemd did not execute the program of a unit; nothing if it did, and the program has ended since. */
export function findUnitStartFailure(result: RunResult): UnitStartFailure | undefined {
  const { Result, ExecMainCode, ExecMainStatus } = result;
  const step = ExecMainCode === exited ? steps[ExecMainStatus] : undefined;
  if (step === 'EXEC') return { cause: 'it is not there or cannot be executed', isConfinement: false };
  if (step) {
    return {
      cause: `systemd failed at the step ${step} (status ${ExecMainStatus})`,
      isConfinement: confinement.has(ExecMainStatus),
    };
  }
  return early.includes(Result)
    ? { cause: `systemd could not start its unit (${Result})`, isConfinement: false }
    : undefined;
}
