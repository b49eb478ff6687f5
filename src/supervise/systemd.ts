import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId } from '../common/boot.ts';
import { BangerError } from '../common/errors.ts';
import { isInUnit, isLive, readStat, readVariable } from '../common/proc.ts';
import { isSameProcess } from '../common/process.ts';
import type { Program } from '../common/program.ts';
import { makeMachineEnvironment, markVariable, type ProcessSupervisor } from './process.ts';
import type { ProgramEnd, Supervised, Supervisor } from './supervisor.ts';
import type { UnitManager, UnitRun, UnitTraits } from './units.ts';

/** Longer than this a killed unit only lives when the kernel cannot end a process of it. */
const killDeadlineMs = 15_000;

/**
 * Supervises programs as units of the user's service manager, and those that were started as plain processes. Where the
 * manager has gone, a unit is the process that was recorded with it.
 */
export class SystemdSupervisor implements Supervisor {
  readonly #units: UnitManager;
  readonly #processes: ProcessSupervisor;

  constructor(units: UnitManager, processes: ProcessSupervisor) {
    this.#units = units;
    this.#processes = processes;
  }

  async start(name: string, program: Program, logFile: string, traits: UnitTraits): Promise<Supervised> {
    const mark = `${name}:${randomUUID()}`;
    const environment = makeMachineEnvironment(mark);
    const run = await this.#units.start({
      ...traits,
      unit: this.unitOf(name),
      program,
      environment,
      logFile,
    });
    return supervisedOf(run, mark);
  }

  unitOf(name: string): string {
    return `${name}.service`;
  }

  async find(name: string): Promise<Supervised | undefined> {
    const run = await this.#units.find(this.unitOf(name)).catch(unlessGone);
    if (!run) return await this.#processes.find(name);
    return supervisedOf(run, readVariable(run.pid, markVariable) ?? `${name}:`);
  }

  async endStrays(stateDirectory: string, known: ReadonlySet<string>): Promise<string[]> {
    const units = await this.#units.runningOf(stateDirectory);
    const strays = units.filter((unit) => !known.has(nameOf(unit)));
    await Promise.all(strays.map((unit) => this.#units.stop(unit)));
    return strays.map(nameOf);
  }

  async isRunning(supervised: Supervised): Promise<boolean> {
    return (await this.#runOf(supervised)) !== undefined || isSameProcess(supervised);
  }

  async mainPid(supervised: Supervised): Promise<number | undefined> {
    return await this.#processes.mainPid(supervised);
  }

  async ended(supervised: Supervised, signal: AbortSignal): Promise<ProgramEnd> {
    if (supervised.kind === 'process') return await this.#processes.ended(supervised, signal);
    const told = await this.#units.ended(supervised, signal).catch(unlessGone);
    // Also what the manager takes for ended may still run, if it is not the manager that started it.
    const seen = await this.#processes.ended(supervised, signal);
    return told ?? seen;
  }

  async signal(supervised: Supervised, signal: NodeJS.Signals): Promise<boolean> {
    const run = await this.#runOf(supervised);
    if (run && (await this.#units.signal(run.unit, signal).catch(unlessGone))) return true;
    return await this.#processes.signal(supervised, signal);
  }

  async kill(supervised: Supervised): Promise<void> {
    const run = await this.#runOf(supervised);
    if (run) await this.#killUnit(run).catch(unlessGone);
    await this.#processes.kill(supervised);
  }

  async #killUnit(run: UnitRun): Promise<void> {
    const deadline = AbortSignal.timeout(killDeadlineMs);
    const ended = this.#units.ended(run, deadline).then(() => true);
    ended.catch(() => undefined);
    // Again, because what stops a unit is run also when its program was killed.
    while (!deadline.aborted) {
      await this.#units.kill(run.unit);
      if (await Promise.race([ended, sleep(killAgainMs, false)])) return;
    }
    throw new BangerError('Timeout', `${run.unit} did not end although it was killed`);
  }

  /** The unit of a program, if it is still in that run and the manager is there. */
  async #runOf(supervised: Supervised): Promise<UnitRun | undefined> {
    if (supervised.kind === 'process') return undefined;
    const run = await this.#units.find(supervised.unit).catch(unlessGone);
    return run?.invocationId === supervised.invocationId ? run : undefined;
  }
}

/** Killing once more costs one call; stopping takes this long at most when nothing goes wrong. */
const killAgainMs = 100;

/** @param mark as the program has it */
function supervisedOf({ unit, invocationId, pid }: UnitRun, mark: string): Supervised {
  const stat = readStat(pid);
  // A pid that has been given away anew is not in the unit, and one of a program that has ended names nobody.
  const isOurs = isLive(stat) && isInUnit(pid, unit);
  const startTime = isOurs ? stat.startTime : -1;
  return { kind: 'unit', unit, invocationId, pid, startTime, bootId: bootId(), mark };
}

function nameOf(unit: string): string {
  return unit.replace(/\.service$/, '');
}

/** Lets a manager that has gone be no answer. */
function unlessGone(error: unknown): undefined {
  if (error instanceof BangerError && error.code === 'HostNotReady') return undefined;
  throw error;
}
