import type { Program } from '../common/program.ts';

/**
 * A program that was started and goes on without us, as recorded in the database. Its meaning belongs to
 * the supervisor that made it: a unit's name, or a process by pid, start time and boot, and the mark that
 * it and its children have in their environment.
 */
export type Supervised =
  | { kind: 'process'; pid: number; startTime: number; bootId: string; mark: string }
  | { kind: 'unit'; unit: string };

/** How a program ended. */
export interface ProgramEnd {
  /**
   * Whether nothing went wrong: it exited with status 0, or how it ended cannot be known. A VMM whose guest
   * powered off ends so.
   */
  clean: boolean;
  /** For people, to stand after "the VMM": `exited with status 1`, `was killed by SIGKILL`. */
  how: string;
}

/** The end of a program of which nobody told us more, as of one whose starter has ended since. */
export const unknownEnd: ProgramEnd = { clean: true, how: 'ended' };

/** The end of a program by what its parent heard: an exit status, or the signal that killed it. */
export function endOf(status: number | null, signal: string | null): ProgramEnd {
  if (signal !== null) return { clean: false, how: `was killed by ${signal}` };
  return { clean: status === 0, how: `exited with status ${status}` };
}

/** Where programs live that must outlive the daemon. */
export interface Supervisor {
  /**
   * Starts a program detached from the daemon.
   * @param name for people: `banger-vm-<id>`
   * @param logFile what the program prints is appended here
   * @throws HostNotReady if the program cannot be executed
   */
  start(name: string, program: Program, logFile: string): Promise<Supervised>;
  /** Finds a program that was started under a name, also one whose starter died before it could record it. */
  find(name: string): Promise<Supervised | undefined>;
  /** Whether the very program that was started still runs. Never mistakes another process with the same pid for it. */
  isRunning(supervised: Supervised): Promise<boolean>;
  /** The pid of the program itself while it runs, as for its figures in /proc. */
  mainPid(supervised: Supervised): Promise<number | undefined>;
  /**
   * Settles when the program has ended, also for one that an earlier daemon started, and tells how if that is known.
   * @throws Cancelled when the signal is aborted first
   */
  ended(supervised: Supervised, signal: AbortSignal): Promise<ProgramEnd>;
  /**
   * Sends a signal to the program itself, and to nothing that it started. Never to another process with the same pid.
   * @returns whether it was sent; if not, the program has ended
   */
  signal(supervised: Supervised, signal: NodeJS.Signals): Promise<boolean>;
  /**
   * Kills the program and all that belongs to it and waits for the end. Does nothing if it has ended.
   * @throws Timeout if something is still there after that
   */
  kill(supervised: Supervised): Promise<void>;
}
