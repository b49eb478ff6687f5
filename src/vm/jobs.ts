import { BangerError } from '../common/errors.ts';
import type { Work } from '../common/work.ts';
import type { Job, JobKind, Jobs } from '../job/jobs.ts';
import type { VmRecord } from '../store/vms.ts';

/** A job that has not ended, and what is fulfilled when it has, however it ended. */
interface Present {
  job: Job;
  ended: Promise<void>;
}

/** What may hang in a guest, and is over when its VMM is. */
const endsWithVmm: ReadonlySet<JobKind> = new Set(['start', 'stop', 'restart']);

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

  /** Begins a job on a VM that has none. @throws Busy */
  claim(kind: JobKind, vm: VmRecord, run: (work: Work) => Promise<void>): Job {
    const present = this.present(vm.id);
    if (!present) return this.overtake(kind, vm, run);
    const remedy = endsWithVmm.has(present.kind)
      ? `wait for it, or end the VM at once with \`banger vm kill ${vm.name}\``
      : 'wait for it or cancel it';
    throw new BangerError('Busy', `a ${present.kind} of ${vm.name} is under way; ${remedy}`);
  }

  /**
   * Begins a job on a VM that may have another.
   * @param run is given the end of those there are; until then it changes nothing that is theirs
   */
  overtake(kind: JobKind, vm: VmRecord, run: (work: Work, others: Promise<unknown>) => Promise<void>): Job {
    const present = this.#present.get(vm.id) ?? [];
    const others = Promise.all(present.map(({ ended }) => ended));
    const settled = Promise.withResolvers<void>();
    const job = this.#jobs.start(kind, { kind: 'vm', id: vm.id }, async (work) => {
      try {
        await run(work, others);
      } finally {
        this.#forget(vm.id, job);
        settled.resolve();
      }
    });
    this.#present.set(vm.id, [...present, { job, ended: settled.promise }]);
    return job;
  }

  #forget(vmId: string, ended: Job): void {
    const left = (this.#present.get(vmId) ?? []).filter(({ job }) => job !== ended);
    if (left.length > 0) this.#present.set(vmId, left);
    else this.#present.delete(vmId);
  }
}
