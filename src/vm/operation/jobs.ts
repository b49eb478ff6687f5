import { BangerError } from '../../common/errors.ts';
import type { Job, JobObject, Jobs } from '../../job/jobs.ts';
import type { Vm } from '../../store/vm.ts';
import type { Work } from '../../work/work.ts';
import { type OperationKind, operations } from './table.ts';

/** A job that has not ended, and what is fulfilled when it has, however it ended. */
interface Present {
  kind: OperationKind;
  job: Job;
  ended: Promise<void>;
}

/** Starts an operation as a job. */
export function startJob(
  jobs: Jobs,
  kind: OperationKind,
  object: JobObject,
  run: (work: Work) => Promise<void>,
): Job {
  return jobs.start({ kind, object, cancelable: operations[kind].cancelable }, run);
}

/** The jobs on VMs. A VM has one at most, except for those that may overtake it. */
export class VmJobs {
  readonly #jobs: Jobs;
  /** The jobs of each VM, the newest last. */
  readonly #present = new Map<string, Present[]>();

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** The newest job on a VM that has not ended. */
  present(vmId: string): Job | undefined {
    return this.#present.get(vmId)?.at(-1)?.job;
  }

  /** Checks whether the newest job on a VM is one that a kill cancels. */
  yieldsToKill(vmId: string): boolean {
    const present = this.#present.get(vmId)?.at(-1);
    return present !== undefined && operations[present.kind].yieldsToKill;
  }

  /** Begins a job on a VM that has none. @throws Busy */
  claim(kind: OperationKind, vm: Vm, run: (work: Work) => Promise<void>): Job {
    const present = this.#present.get(vm.id)?.at(-1);
    if (!present) return this.overtake(kind, vm, run);
    const remedy = operations[present.kind].endsWithVmm
      ? `wait for it, or end the VM at once with \`banger vm kill ${vm.name}\``
      : 'wait for it or cancel it';
    throw new BangerError('Busy', `a ${present.kind} of ${vm.name} is under way`, { remedy: `${remedy}` });
  }

  /**
   * Begins a job on a VM that may have another.
   * @param run is given the end of those there are; until then it changes nothing that is theirs
   */
  overtake(kind: OperationKind, vm: Vm, run: (work: Work, others: Promise<unknown>) => Promise<void>): Job {
    const present = this.#present.get(vm.id) ?? [];
    const others = Promise.all(present.map(({ ended }) => ended));
    const settled = Promise.withResolvers<void>();
    const job = startJob(this.#jobs, kind, { kind: 'vm', id: vm.id }, async (work) => {
      try {
        await run(work, others);
      } finally {
        this.#forget(vm.id, job);
        settled.resolve();
      }
    });
    this.#present.set(vm.id, [...present, { kind, job, ended: settled.promise }]);
    return job;
  }

  #forget(vmId: string, ended: Job): void {
    const others = (this.#present.get(vmId) ?? []).filter(({ job }) => job !== ended);
    if (others.length > 0) this.#present.set(vmId, others);
    else this.#present.delete(vmId);
  }
}
