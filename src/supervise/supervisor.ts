import type { ProcessIdentity } from '../common/process.ts';
import type { Program } from '../common/program.ts';
import type { UnitTraits } from './units.ts';

/** A process by what makes it unique, and the mark that it and its children have in their environment. */
interface Marked extends ProcessIdentity {
  mark: string;
}

/**
 * A program that was started and goes on without us, as recorded in the database: a plain process, or one run
 * of a unit. A unit's process is recorded too: where there is no service manager any more, it may still run.
 */
export type Supervised =
  | ({ kind: 'process' } & Marked)
  | ({ kind: 'unit'; unit: string; invocationId: string } & Marked);

/** How a program ended. */
export interface ProgramEnd {
  /**
   * Whether nothing went wrong: it exited with status 0, or how it ended cannot be known. A VMM ends so also when its
   * guest's kernel panics.
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
   * @param traits what it is where programs are units
   * @throws HostNotReady if the program cannot be executed
   */
  start(name: string, program: Program, logFile: string, traits: UnitTraits): Promise<Supervised>;
  /**
   * Ends programs that a daemon of this state directory started as units and that nobody knows any more, as
   * gently as their user would. Does not wait for it.
   * @param known the names of those that are somebody's
   * @returns the names of those it ends
   */
  endStrays(stateDirectory: string, known: ReadonlySet<string>): Promise<string[]>;
  /** The unit of a program of that name; empty where programs are no units. */
  unitOf(name: string): string;
  /** Finds a program that was started under a name, also one whose starter died before it could record it. */
  find(name: string): Promise<Supervised | undefined>;
  /** Checks whether the very program that was started still runs. Never mistakes another process with the same pid for it. */
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
