import type { Program } from '../common/program.ts';
import type { ProgramEnd } from './supervisor.ts';

/** What a program that is a unit of its own is called, given and allowed. */
export interface UnitTraits {
  /** For people. */
  description: string;
  /** Who may end the unit when nobody's row has it: the daemon of this state directory. */
  stateDirectory: string;
  /** What whoever stops the unit runs first. It ends the program gently, in its own time, and needs no daemon. */
  powerDown: Program;
  /** All that the program and its helpers may have. */
  memoryBytes: number;
  tasks: number;
  /** Of the processors, when others want them too; 100 is what everything else has. */
  cpuWeight: number;
  /** Whether it has no network of its own: then it gets no sockets of the host's network either. */
  isInHostNetwork?: boolean;
  /** What it sees of the files of this user, by absolute paths that exist; the rest is hidden. */
  files: {
    writable: readonly string[];
    readable: readonly string[];
    /** Directories outside of homes that are hidden as well. */
    hidden: readonly string[];
  };
}

/** A unit to start. */
export interface UnitSpec extends UnitTraits {
  /** With its suffix: `banger-vm-<id>.service`. */
  unit: string;
  program: Program;
  environment: Readonly<Record<string, string>>;
  /** What the program prints on its standard error is appended here. */
  logFile: string;
}

/** One run of a unit. */
export interface UnitRun {
  unit: string;
  /** Names this run among all that the unit ever had. */
  invocationId: string;
  /** The pid of the program; 0 if it has ended already. */
  pid: number;
}

/** The service manager of this user. Each method throws HostNotReady if it does not answer, as after a logout. */
export interface UnitManager {
  /**
   * Starts a unit, which nobody had started, and waits until its program has been executed.
   * @throws HostNotReady with the cause if it cannot be, Busy if the unit runs, Timeout
   */
  start(spec: UnitSpec): Promise<UnitRun>;
  /** The present run of a unit that has not ended, also one that is just being stopped. */
  find(unit: string): Promise<UnitRun | undefined>;
  /**
   * Settles when a run of a unit has ended with all its processes, and tells how if that is known. What the
   * manager remembers of the run is given up then.
   */
  ended(run: UnitRun, signal: AbortSignal): Promise<ProgramEnd>;
  /** Sends a signal to the program of a unit alone. @returns whether it was there */
  signal(unit: string, signal: NodeJS.Signals): Promise<boolean>;
  /** Sends SIGKILL to all processes of a unit. */
  kill(unit: string): Promise<void>;
  /** Has a unit stopped as its user would, and does not wait for it. */
  stop(unit: string): Promise<void>;
  /** The units of VMs that run and were started by the daemon of a state directory. */
  runningOf(stateDirectory: string): Promise<string[]>;
}
