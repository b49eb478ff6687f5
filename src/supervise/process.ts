import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled, untilAborted } from '../common/abort.ts';
import { bootId } from '../common/boot.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { killUntilGone, sendSignal } from '../common/kill.ts';
import { allPids, isLive, readStat, readVariable } from '../common/proc.ts';
import { isSameProcess } from '../common/process.ts';
import type { Program } from '../common/program.ts';
import { endOf, type ProgramEnd, type Supervised, type Supervisor, unknownEnd } from './supervisor.ts';

type SupervisedProcess = Extract<Supervised, { kind: 'process' }>;

/** The variable by which a program and what it started are recognised. */
export const markVariable = 'BANGER_SUPERVISED';
/** How often we look whether a process that is not our child has ended. */
const pollMs = 250;
/** Of how many of our own children that have ended we can still tell how; who wants to know asks at once. */
const rememberedEnds = 100;

/**
 * Supervises plain processes, for hosts without a user systemd: each leads a session of its own. A unit that was
 * recorded where there was one is supervised by its process.
 */
export class ProcessSupervisor implements Supervisor {
  /** Our own children of which we have not heard the end, by their marks. */
  readonly #children = new Map<string, Promise<ProgramEnd>>();
  /** How the last of them ended, by their marks, the oldest first. */
  readonly #ends = new Map<string, ProgramEnd>();

  async start(name: string, program: Program, logFile: string): Promise<Supervised> {
    const mark = `${name}:${randomUUID()}`;
    const child = spawnDetached(program, mark, logFile);
    const { pid } = child;
    if (pid === undefined) {
      const [error] = await once(child, 'error');
      throw new BangerError('HostNotReady', `cannot start ${program.file}: ${getMessage(error)}`);
    }
    // Read before the event loop can reap the child, so that this is its own start time.
    const startTime = readStat(pid)?.startTime;
    if (startTime === undefined)
      throw new BangerError('HostNotReady', '/proc is not mounted or hides our processes');
    child.on('error', () => undefined);
    const end = new Promise<ProgramEnd>((resolve) => {
      child.once('exit', (status, signal) => {
        this.#children.delete(mark);
        const told = endOf(status, signal);
        this.#remember(mark, told);
        resolve(told);
      });
    });
    this.#children.set(mark, end);
    child.unref();
    return { kind: 'process', pid, startTime, bootId: bootId(), mark };
  }

  unitOf(): string {
    return '';
  }

  async find(name: string): Promise<Supervised | undefined> {
    const found = allPids().flatMap((pid) => {
      const mark = readVariable(pid, markVariable);
      const stat = readStat(pid);
      if (!mark?.startsWith(`${name}:`) || !isLive(stat)) return [];
      return [{ kind: 'process', pid, startTime: stat.startTime, bootId: bootId(), mark } as const];
    });
    // What the program started is younger than it is, or as old with a higher pid.
    return found.sort((a, b) => a.startTime - b.startTime || a.pid - b.pid)[0];
  }

  /** There are none: what has no unit is known by its row alone. */
  async endStrays(): Promise<string[]> {
    return [];
  }

  async isRunning(supervised: Supervised): Promise<boolean> {
    return isSameProcess(own(supervised));
  }

  async mainPid(supervised: Supervised): Promise<number | undefined> {
    const process = own(supervised);
    return isSameProcess(process) ? process.pid : undefined;
  }

  async ended(supervised: Supervised, signal: AbortSignal): Promise<ProgramEnd> {
    const process = own(supervised);
    throwIfCancelled(signal);
    // Also one that has ended and whose end we have yet to hear of.
    const child = this.#children.get(process.mark);
    if (child) return await untilAborted(child, signal);
    while (isSameProcess(process)) {
      await sleep(pollMs, undefined, { signal }).catch(() => throwIfCancelled(signal));
    }
    return this.#ends.get(process.mark) ?? unknownEnd;
  }

  async signal(supervised: Supervised, signal: NodeJS.Signals): Promise<boolean> {
    const target = own(supervised);
    // With no turn of the event loop in between: the pid of a child is not free before we have reaped it, and
    // that of another process would have to be given away anew within microseconds.
    return isSameProcess(target) && sendSignal(target.pid, signal);
  }

  async kill(supervised: Supervised): Promise<void> {
    const target = own(supervised);
    if (target.bootId !== bootId()) return;
    await killUntilGone(() => membersOf(target), target.mark);
    await this.#children.get(target.mark);
  }

  #remember(mark: string, end: ProgramEnd): void {
    this.#ends.set(mark, end);
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size > rememberedEnds) this.#ends.delete(oldest);
  }
}

/** What a program is started with: a machine needs nothing of the user's environment, and a hostile guest may see what it can. */
export function makeMachineEnvironment(mark: string): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C.UTF-8', [markVariable]: mark };
}

function spawnDetached(program: Program, mark: string, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(program.file, program.args, {
      // A session of its own: no terminal's hangup and no signal to our process group reaches it.
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: makeMachineEnvironment(mark),
    });
  } finally {
    closeSync(log);
  }
}

/**
 * The living processes that belong to a program: its session, as long as the program holds that id, and
 * whatever else carries its mark. A process whose pid was given away anew has neither.
 */
function membersOf(program: SupervisedProcess): number[] {
  const holdsSession = isSameProcess(program);
  return allPids().filter((pid) => {
    const stat = readStat(pid);
    if (!isLive(stat) || stat.startTime < program.startTime) return false;
    return (holdsSession && stat.session === program.pid) || readVariable(pid, markVariable) === program.mark;
  });
}

/** A unit is as good as its process to those who have no service manager. */
function own({ pid, startTime, bootId, mark }: Supervised): SupervisedProcess {
  return { kind: 'process', pid, startTime, bootId, mark };
}
