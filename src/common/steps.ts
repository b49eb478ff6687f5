import { BangerError, messageOf, throwIfCancelled } from './errors.ts';
import type { Work } from './work.ts';

/**
 * One step of a lifecycle operation. It can be repeated safely: the daemon may have been killed at any
 * point of it. `undo` takes back what it may have done, also when it was cut short.
 */
export interface Step<Context> {
  readonly name: string;
  run(context: Context, work: Work): Promise<void> | void;
  undo?(context: Context): Promise<void> | void;
}

/** An operation by its steps, in order. Tests read the steps from here. */
export interface Procedure<Context> {
  readonly name: string;
  readonly steps: readonly Step<Context>[];
}

/**
 * Runs the steps in order. When one fails or the work is cancelled, what was done is undone, last first,
 * and the failure is thrown on.
 */
export async function perform<Context>(
  procedure: Procedure<Context>,
  context: Context,
  work: Work,
): Promise<void> {
  const begun: Step<Context>[] = [];
  try {
    for (const step of procedure.steps) {
      throwIfCancelled(work.signal);
      begun.unshift(step);
      work.stage(step.name);
      const point = `${procedure.name}.${step.name}`;
      dieHereIfTold(`${point}:before`);
      await step.run(context, withPoint(work, `${point}:during`));
      dieHereIfTold(`${point}:after`);
    }
    throwIfCancelled(work.signal);
  } catch (error) {
    await undo(begun, context, error);
    throw error;
  }
}

async function undo<Context>(
  steps: readonly Step<Context>[],
  context: Context,
  cause: unknown,
): Promise<void> {
  const failures: string[] = [];
  for (const step of steps) {
    // One step that cannot be undone must not keep the others from it; a restart tries again.
    try {
      await step.undo?.(context);
    } catch (error) {
      failures.push(`${step.name}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0) {
    const message = `${messageOf(cause)}; undoing it failed too (${failures.join('; ')})`;
    throw new BangerError('Internal', message, { cause });
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
