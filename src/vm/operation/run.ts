import { getMessage, getSystemCode } from '../../common/errors.ts';
import type { Work } from '../../work/work.ts';
import { getVm, record, type VmContext } from '../context.ts';
import type { VmWatch } from '../watch.ts';
import { recordedOperation } from './state.ts';
import { type OperationKind, operations } from './table.ts';

/**
 * Goes on as another operation, which is recorded in the place of the one before.
 * @returns the work for it
 */
type Become = (kind: OperationKind) => Work;

/** A VM whose operations are recorded. */
type Recorded = VmContext<'vms' | 'log'>;

/**
 * Performs an operation on a VM. It is recorded before `act` begins and cleared when `act` has ended, whatever
 * happens; the next daemon finishes or undoes what it finds recorded. A VMM that is ended on purpose is not watched
 * meanwhile, and one that still runs afterwards is watched again.
 * @param act is given work that cannot be cancelled if the operation cannot
 * @throws what `act` throws
 */
export async function runOperation(
  kind: OperationKind,
  context: Recorded,
  watch: Pick<VmWatch, 'begin' | 'end'>,
  work: Work,
  act: (work: Work, become: Become) => Promise<unknown>,
): Promise<void> {
  if (operations[kind].isDone?.(getVm(context))) {
    // A daemon that was killed at the end of one may have left its mark.
    clear(context);
    return;
  }
  let [isOwner, wasWatched, failed] = [false, false, false];
  const become: Become = (next) => {
    const { endsVmm, cancelable } = operations[next];
    if (mark(context, next)) isOwner = true;
    if (endsVmm && watch.end(context.id)) wasWatched = true;
    return cancelable ? work : withoutCancel(work);
  };
  try {
    await act(become(kind), become);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    if (context.host.vms.has(context.id)) {
      if (isOwner) clearAfter(context, failed);
      if (isOwner || wasWatched) watch.begin(context.id);
    }
  }
}

function clearAfter(context: Recorded, failed: boolean): void {
  const stays = failed && recordedOperation(getVm(context))?.staysAfterFailure;
  if (!stays) clear(context);
}

/** Records that an operation is under way, if it is one of those that are recorded. */
function mark(context: Recorded, kind: OperationKind): boolean {
  if (operations[kind].afterCrash === undefined) return false;
  if (getVm(context).operation === kind) return true;
  try {
    record(context, { operation: kind });
  } catch (error) {
    if (!operations[kind].freesSpace || getSystemCode(error) !== 'SQLITE_FULL') throw error;
    context.host.log.warn({ vm: context.id }, `the ${kind} is not recorded: ${getMessage(error)}`);
  }
  return true;
}

function clear(context: Recorded): void {
  if (getVm(context).operation !== undefined) record(context, { operation: undefined });
}

function withoutCancel(work: Work): Work {
  return {
    job: work.job,
    signal: new AbortController().signal,
    stage: (name, progress) => work.stage(name, progress),
  };
}
