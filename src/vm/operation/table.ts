import { pullImageProcedure } from '../../image/make.ts';
import { pullKernelProcedure } from '../../kernel/make.ts';
import type { Vm } from '../../store/vm.ts';
import { prepareProcedure } from '../../workspace/prepare.ts';
import { createProcedure } from '../create.ts';
import { deleteProcedure } from '../delete.ts';
import { killProcedure } from '../kill.ts';
import { setProcedure } from '../set.ts';
import { startProcedure } from '../start/start.ts';
import { stopProcedure } from '../stop.ts';

/** The name of a procedure and of its steps, whatever they work on. */
interface NamedSteps {
  readonly name: string;
  readonly steps: readonly { readonly name: string }[];
}

/** What the next daemon does about an operation that is recorded because its daemon was killed. */
export type AfterCrash = 'delete' | 'end-program' | 'stop' | 'adopt-and-set';

/** Everything about an operation that is not one of its steps. */
export interface Operation<State extends string = string> {
  /** The state of the VM meanwhile; where absent, the VM stays running or stopped. */
  readonly state?: State;
  /** Whether clients can cancel its job. One that cannot be cancelled is of no use by half. */
  readonly cancelable: boolean;
  /** Whether it may wait for the guest and ends as soon as the VMM does: kill is the remedy when it hangs. */
  readonly endsWithVmm: boolean;
  /** Whether a kill cancels it. A create is not cancelled, because that would remove the VM. */
  readonly yieldsToKill: boolean;
  /** Whether it ends the VMM on purpose, so that nobody may take that end for a failure. */
  readonly endsVmm: boolean;
  /** Absent where nothing is recorded: after a crash, the VM is adopted if it runs. */
  readonly afterCrash?: AfterCrash;
  /** Whether it stays recorded when it fails, so that the next daemon finishes it. */
  readonly staysAfterFailure?: boolean;
  /** Whether it goes on where the disk is too full to record it, because it frees space. */
  readonly freesSpace?: boolean;
  /** Whether there is nothing to do for a VM. */
  readonly isDone?: (vm: Vm) => boolean;
  /** What it goes through, in order: every point at which the daemon may be killed has its name here. */
  readonly procedures: readonly NamedSteps[];
}

/** What boots a guest, asked for by its user or by the guest itself, whose VMM has ended then. */
const boot = {
  state: 'starting',
  cancelable: true,
  endsWithVmm: true,
  yieldsToKill: true,
  endsVmm: false,
  afterCrash: 'end-program',
  procedures: [startProcedure],
} as const;

/** The operations by the kind of their job. A create may go on as a start, and begin with the pulls that it needs. */
const table = {
  create: {
    state: 'creating',
    cancelable: true,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: false,
    afterCrash: 'delete',
    procedures: [createProcedure],
  },
  start: { ...boot, isDone: ({ run }) => run?.program !== undefined },
  stop: {
    state: 'stopping',
    cancelable: false,
    endsWithVmm: true,
    yieldsToKill: false,
    endsVmm: true,
    afterCrash: 'stop',
    isDone: ({ run }) => run?.program === undefined,
    procedures: [stopProcedure],
  },
  // It is performed, and recorded, as a stop and then a start.
  restart: {
    cancelable: true,
    endsWithVmm: true,
    yieldsToKill: true,
    endsVmm: true,
    procedures: [stopProcedure, startProcedure],
  },
  reboot: boot,
  kill: {
    cancelable: true,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: true,
    procedures: [killProcedure],
  },
  set: {
    cancelable: false,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: false,
    afterCrash: 'adopt-and-set',
    procedures: [setProcedure],
  },
  delete: {
    state: 'deleting',
    cancelable: false,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: true,
    afterCrash: 'delete',
    staysAfterFailure: true,
    freesSpace: true,
    procedures: [deleteProcedure],
  },
  workspace: {
    cancelable: true,
    endsWithVmm: false,
    yieldsToKill: true,
    endsVmm: false,
    procedures: [prepareProcedure],
  },
  'pull-image': {
    cancelable: true,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: false,
    procedures: [pullImageProcedure],
  },
  'pull-kernel': {
    cancelable: true,
    endsWithVmm: false,
    yieldsToKill: false,
    endsVmm: false,
    procedures: [pullKernelProcedure],
  },
} as const satisfies Record<string, Operation>;

/** What a job can do. */
export type OperationKind = keyof typeof table;
export const operationKinds = Object.keys(table) as OperationKind[];

const restingStates = ['stopped', 'running', 'frozen', 'failed'] as const;
type StateDuring<Entry> = Entry extends { state: infer State } ? State : never;
/** What a VM can be doing. */
export type VmState = (typeof restingStates)[number] | StateDuring<(typeof table)[OperationKind]>;

/** The one declaration of each operation. */
export const operations: Readonly<Record<OperationKind, Operation<VmState>>> = table;

export const vmStates: readonly VmState[] = [
  ...restingStates,
  ...Object.values(operations).flatMap(({ state }) => state ?? []),
];
