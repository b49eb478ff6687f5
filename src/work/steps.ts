import { throwIfCancelled } from '../common/abort.ts';
import { BangerError, getProblem } from '../common/errors.ts';
import type { Work } from './work.ts';

/** A context with what a step gives for the steps after it, if it gives something. */
type With<Context, Added> = Added extends object ? Context & Added : Context;
/** As `With`, where the step may have failed before it gave anything. */
type MaybeWith<Context, Added> = Added extends object ? Context & Partial<Added> : Context;

/** One step, whatever it works on: only its procedure knows that it has the right context for it. */
export interface Step {
  readonly name: string;
  /** Gives an object with what it adds to the context, if anything. */
  run(context: never, work: Work): unknown;
  undo?(context: never): unknown;
}

/**
 * A lifecycle operation by its steps, in order. Each step is given what the procedure began with (`Input`) and what
 * the steps before it gave. It can be repeated safely: the daemon may have been killed at any point of it.
 */
export class Procedure<Input extends object, Context extends Input = Input> {
  readonly name: string;
  readonly steps: readonly Step[];

  constructor(name: string, steps: readonly Step[] = []) {
    this.name = name;
    this.steps = steps;
  }

  /**
   * The same procedure with one more step.
   * @param run returns what it adds to the context, if anything
   * @param undo takes back what the step may have done, also when it was cut short
   */
  step<Added>(
    name: string,
    run: (context: Context, work: Work) => Promise<Added> | Added,
    undo?: (context: MaybeWith<Context, Added>) => Promise<void> | void,
  ): Procedure<Input, With<Context, Added>> {
    return new Procedure(this.name, [...this.steps, undo ? { name, run, undo } : { name, run }]);
  }

  /**
   * Performs the steps in order. When one fails or the work is cancelled, what was done is undone, last first,
   * and the failure is thrown on.
   * @returns what it began with and all that the steps gave
   */
  async perform(input: Input, work: Work): Promise<Context> {
    let context: object = input;
    const begun: Step[] = [];
    try {
      for (const step of this.steps) {
        throwIfCancelled(work.signal);
        begun.unshift(step);
        work.stage(step.name);
        const point = `${this.name}.${step.name}`;
        dieHereIfTold(`${point}:before`);
        const added = await step.run(context as never, withPoint(work, `${point}:during`));
        if (typeof added === 'object') context = { ...context, ...added };
        dieHereIfTold(`${point}:after`);
      }
      throwIfCancelled(work.signal);
    } catch (error) {
      await undo(begun, context, error);
      throw error;
    }
    // Its steps have made it what the type says.
    return context as Context;
  }
}

async function undo(steps: readonly Step[], context: object, cause: unknown): Promise<void> {
  const failures: string[] = [];
  for (const step of steps) {
    // One step that cannot be undone must not keep the others from it; a restart tries again.
    try {
      await step.undo?.(context as never);
    } catch (error) {
      failures.push(`${step.name}: ${getProblem(error)}`);
    }
  }
  if (failures.length > 0) {
    throw new BangerError(
      'Internal',
      `${getProblem(cause)}, and undoing it failed too (${failures.join(', ')})`,
      {
        cause,
      },
    );
  }
}

/** The same work, which passes a point whenever it tells how far it is. */
function withPoint(work: Work, point: string): Work {
  return {
    job: work.job,
    signal: work.signal,
    stage(name, progress) {
      work.stage(name, progress);
      dieHereIfTold(point);
    },
  };
}

/**
 * Kills the daemon at a named point: the crash tests' only way to hit every step exactly.
 * `BANGER_DIE_AT=create.disks:before bangerd` is the daemon whose power fails there.
 */
function dieHereIfTold(point: string): void {
  if (process.env.BANGER_DIE_AT === point) process.kill(process.pid, 'SIGKILL');
}
