import { onAbort } from '../common/abort.ts';
import { getMessage } from '../common/errors.ts';
import { type MachineEnd, machineEnd } from '../vmm/end.ts';
import { boundConsole } from './console.ts';
import { getVm, type VmContext } from './context.ts';
import { recordEnd } from './ended.ts';
import { getSupervised } from './program.ts';

/** How often consoles are looked after; a guest writes a few megabytes in this time. */
const consoleCheckMs = 5_000;

/** Notices when VMs end by themselves: a guest that powered off or rebooted, a VMM that died. */
export class VmWatch {
  readonly #watched = new Map<string, AbortController>();
  readonly #contextOf: (id: string) => VmContext;
  readonly #onReboot: (id: string) => Promise<void>;

  /** @param onReboot called when a guest has rebooted by itself; its VMM has ended then */
  constructor(contextOf: (id: string) => VmContext, onReboot: (id: string) => Promise<void>) {
    this.#contextOf = contextOf;
    this.#onReboot = onReboot;
  }

  /** Watches a VM until it ends or `end` is called; does nothing if it does not run or is watched already. */
  begin(id: string): void {
    if (this.#watched.has(id)) return;
    const context = this.#contextOf(id);
    const supervised = getSupervised(context);
    if (!supervised) return;
    const { vmm } = getVm(context);
    const abort = new AbortController();
    this.#watched.set(id, abort);
    const timer = setInterval(() => void boundConsole(context.files.console), consoleCheckMs).unref();
    onAbort(abort.signal, () => clearInterval(timer));
    context.host.supervisor
      .ended(supervised, abort.signal)
      .then((end) => machineEnd(end, vmm, context.files))
      .then(
        (end) => this.#ended(context, abort, end),
        (error: unknown) => {
          if (abort.signal.aborted) return;
          context.host.log.error({ vm: id }, `watching failed: ${getMessage(error)}`);
          this.end(id);
        },
      );
  }

  /** Looks away, because the VM is about to be ended on purpose. @returns whether it was watched */
  end(id: string): boolean {
    this.#watched.get(id)?.abort();
    return this.#watched.delete(id);
  }

  async #ended(context: VmContext, abort: AbortController, end: MachineEnd): Promise<void> {
    if (abort.signal.aborted || !context.host.vms.has(context.id)) return;
    this.end(context.id);
    if (end.guest?.kind === 'reboot') await this.#onReboot(context.id);
    else await recordEnd(context, end);
  }
}
