import { constants } from 'node:os';
import type { Bus } from '../bus/connection.ts';
import { RemoteError } from '../bus/errors.ts';
import type { Plain } from '../bus/values.ts';
import { untilAborted } from '../common/abort.ts';
import { BangerError } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { type ProgramEnd, unknownEnd } from '../supervise/supervisor.ts';
import type { UnitManager, UnitRun, UnitSpec } from '../supervise/units.ts';
import { UnitChanges } from './changes.ts';
import { findUnitStartFailure, toProgramEnd, type UnitStartFailure } from './ends.ts';
import { callManager, goneError, isAway, isRefusal } from './manager.ts';
import { isOurManager } from './presence.ts';
import { findOwner, type Property, transientProperties } from './properties.ts';
import { findLoadedState, getUnitState, readRunResult, rests, serviceProperty } from './states.ts';

/** From the request to the execution of the program; a busy host sets up the confinement in seconds. */
const startTimeoutMs = 30_000;
/** Of how many runs we can still tell how they ended; who wants to know asks soon. */
const rememberedEnds = 100;
/** Units of the service manager of this user. */
export class SystemdUnits implements UnitManager {
  readonly #bus: Bus;
  readonly #changes: UnitChanges;
  readonly #log: Log;
  /** The ends of runs that go on, by invocation. */
  readonly #following = new Map<string, Promise<ProgramEnd>>();
  /** The ends of the last runs, the oldest first. */
  readonly #ends = new Map<string, ProgramEnd>();

  private constructor(bus: Bus, changes: UnitChanges, log: Log) {
    this.#bus = bus;
    this.#changes = changes;
    this.#log = log;
  }

  /** The service manager on a bus; nothing if there is none, or another machine's or user's. */
  static async on(bus: Bus, log: Log): Promise<SystemdUnits | undefined> {
    if (!(await isOurManager(bus))) return undefined;
    return new SystemdUnits(bus, await UnitChanges.follow(bus), log);
  }

  async start(spec: UnitSpec): Promise<UnitRun> {
    await this.#clear(spec.unit);
    const confined = await this.#tryToStart(spec, true);
    if (!('cause' in confined)) return confined;
    const { cause } = confined;
    if (!confined.isConfinement) throw cannotStart(spec, cause);
    this.#log.warn({ unit: spec.unit }, `it is not confined: ${cause}; allow unprivileged user namespaces`);
    const bare = await this.#tryToStart(spec, false);
    if ('cause' in bare) throw cannotStart(spec, bare.cause);
    return bare;
  }

  async find(unit: string): Promise<UnitRun | undefined> {
    const state = await this.#patiently(() => findLoadedState(this.#bus, unit));
    if (!state || rests(state.active)) return undefined;
    const pid = Number(await this.#patiently(() => serviceProperty(this.#bus, unit, 'MainPID')));
    return { unit, invocationId: state.invocationId, pid };
  }

  async ended(run: UnitRun, signal: AbortSignal): Promise<ProgramEnd> {
    const end = this.#ends.get(run.invocationId);
    if (end) return end;
    return await untilAborted(this.#following.get(run.invocationId) ?? this.#follow(run, true), signal);
  }

  async signal(unit: string, signal: NodeJS.Signals): Promise<boolean> {
    return await this.#send(unit, 'main', constants.signals[signal]);
  }

  async kill(unit: string): Promise<void> {
    await this.#send(unit, 'all', constants.signals.SIGKILL);
  }

  async stop(unit: string): Promise<void> {
    await this.#patiently(() => callManager(this.#bus, 'StopUnit', 'ss', [unit, 'replace']));
  }

  async runningOf(stateDirectory: string): Promise<string[]> {
    const patterns = [[], ['banger-vm-*.service']];
    const [units] = await this.#patiently(() =>
      callManager(this.#bus, 'ListUnitsByPatterns', 'asas', patterns),
    );
    const running = (units as readonly Plain[][])
      .filter(([, , , active]) => !rests(active))
      .map(([unit]) => String(unit));
    const owners = await Promise.all(
      running.map((unit) => this.#patiently(() => serviceProperty(this.#bus, unit, 'Environment'))),
    );
    return running.filter((_, index) => findOwner(owners[index]) === stateDirectory);
  }

  /** Makes room for a new run: what is known of an earlier one that failed is given up. */
  async #clear(unit: string): Promise<void> {
    const state = await this.#patiently(() => findLoadedState(this.#bus, unit));
    if (!state) return;
    if (!rests(state.active) || state.hasJob) {
      throw new BangerError('Busy', `${unit} is ${state.active}`, {
        remedy: `stop it with \`systemctl --user stop ${unit}\``,
      });
    }
    if (state.active === 'failed') await this.#forget(unit);
  }

  async #tryToStart(spec: UnitSpec, confined: boolean): Promise<UnitRun | UnitStartFailure> {
    const { unit } = spec;
    await this.#request(unit, transientProperties(spec, confined));
    const look = async () => {
      const state = await getUnitState(this.#bus, unit);
      // A unit that has a job has not begun, however dead it looks.
      return state.hasJob || state.active === 'activating' ? undefined : state;
    };
    const state = await this.#changes.until(unit, look, startTimeoutMs);
    if (state.invocationId === '') throw goneError();
    const run = { unit, invocationId: state.invocationId };
    if (!rests(state.active)) {
      void this.#follow({ ...run, pid: 0 }, false);
      return {
        ...run,
        pid: Number(await this.#patiently(() => serviceProperty(this.#bus, unit, 'ExecMainPID'))),
      };
    }
    const result = await readRunResult(this.#bus, unit);
    const failure = findUnitStartFailure(result);
    if (failure) await this.#forget(unit);
    else void this.#follow({ ...run, pid: 0 }, false);
    return failure ?? { ...run, pid: 0 };
  }

  async #request(unit: string, properties: readonly Property[]): Promise<void> {
    const request = [unit, 'fail', properties, []];
    await callManager(this.#bus, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', request).catch(
      (error: unknown) => {
        if (isRefusal(error, 'UnitExists')) {
          throw new BangerError('Busy', `${unit} is there already`, {
            remedy: `look at \`systemctl --user status ${unit}\``,
          });
        }
        // It may have been heard nevertheless, and then the unit is there when the manager is back.
        if (!isAway(error)) throw error;
      },
    );
  }

  /** @param isAdopted whether nobody sees to it yet that the manager keeps the unit until its end was read */
  #follow(run: UnitRun, isAdopted: boolean): Promise<ProgramEnd> {
    const end = this.#untilEnded(run, isAdopted).finally(() => this.#following.delete(run.invocationId));
    this.#following.set(run.invocationId, end);
    end.then(
      (how) => this.#remember(run.invocationId, how),
      () => undefined,
    );
    return end;
  }

  async #untilEnded({ unit, invocationId }: UnitRun, isAdopted: boolean): Promise<ProgramEnd> {
    if (isAdopted) await callManager(this.#bus, 'RefUnit', 's', [unit]).catch(() => undefined);
    const end = await this.#changes.until(unit, async () => {
      const state = await getUnitState(this.#bus, unit);
      // A later run has an end of its own to be read.
      if (state.invocationId !== invocationId) return { isTold: false, how: unknownEnd };
      if (!rests(state.active)) return undefined;
      return { isTold: true, how: toProgramEnd(await readRunResult(this.#bus, unit)) };
    });
    if (end.isTold) await this.#forget(unit);
    else await callManager(this.#bus, 'UnrefUnit', 's', [unit]).catch(() => undefined);
    return end.how;
  }

  /** Gives up what the manager keeps of a run that has ended. It does so by itself for a run that did not fail. */
  async #forget(unit: string): Promise<void> {
    for (const member of ['UnrefUnit', 'ResetFailedUnit']) {
      await callManager(this.#bus, member, 's', [unit]).catch(() => undefined);
    }
  }

  #remember(invocationId: string, end: ProgramEnd): void {
    this.#ends.set(invocationId, end);
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size > rememberedEnds) this.#ends.delete(oldest);
  }

  async #send(unit: string, whom: 'main' | 'all', signal: number): Promise<boolean> {
    try {
      await this.#patiently(() => callManager(this.#bus, 'KillUnit', 'ssi', [unit, whom, signal]));
      return true;
    } catch (error) {
      if (isRefusal(error, 'NoSuchUnit') || isRefusal(error, 'NoSuchProcess')) return false;
      if (error instanceof RemoteError && error.dbusName === 'System.Error.ESRCH') return false;
      throw error;
    }
  }

  /** Asks again where the manager is away for a moment. @throws HostNotReady if it stays away */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    const answer = await this.#changes.until(undefined, async () => ({ value: await ask() }));
    return answer.value;
  }
}

function cannotStart(spec: UnitSpec, cause: string): BangerError {
  return new BangerError('HostNotReady', `cannot start ${spec.program.file}: ${cause}`);
}
