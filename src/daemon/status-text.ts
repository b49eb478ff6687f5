import type { Jobs } from '../job/jobs.ts';
import type { ServiceManager } from '../systemd/notify.ts';
import type { VmRegistry } from '../vm/registry.ts';

/** Keeps the line that `systemctl status` shows: what runs, and what is wrong with the configuration. */
export class StatusText {
  readonly #service: ServiceManager;
  readonly #vms: VmRegistry;
  readonly #jobs: Jobs;
  #problem: string | undefined;
  #told = '';

  constructor(service: ServiceManager, vms: VmRegistry, jobs: Jobs) {
    this.#service = service;
    this.#vms = vms;
    this.#jobs = jobs;
    for (const event of ['changed', 'removed'] as const) vms.on(event, () => this.#tell());
    for (const event of ['added', 'ended'] as const) jobs.on(event, () => this.#tell());
    this.#tell();
  }

  /** Shows what is wrong with the configuration until it is called again. */
  set problem(problem: string | undefined) {
    this.#problem = problem;
    this.#tell();
  }

  #tell(): void {
    const running = this.#vms.list().filter((vm) => vm.run?.program).length;
    const text = statusText(running, this.#jobs.running.length, this.#problem);
    if (text !== this.#told) this.#service.status(text);
    this.#told = text;
  }
}

/** Such as `2 VMs, 1 job`. */
export function statusText(vms: number, jobs: number, problem?: string): string {
  const work = [counted(vms, 'VM'), counted(jobs, 'job')].filter((part) => part !== '').join(', ') || 'idle';
  return problem === undefined ? work : `${work}; configuration: ${problem}`;
}

function counted(count: number, what: string): string {
  if (count === 0) return '';
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
