import type { Config } from '../config/config.ts';
import type { Usage } from '../guest/usage.ts';
import type { Jobs } from '../job/jobs.ts';
import type { Monitor, Onlooker } from '../monitor/monitor.ts';
import type { Vm } from '../store/vm.ts';
import type { Host } from '../vm/context.ts';
import { getVmState } from '../vm/operation/state.ts';
import { defaultStopMs, type VmOperations } from '../vm/operations.ts';
import type { Ports } from '../vm/ports.ts';
import { setGuestClocks } from './guest-clocks.ts';
import { Networks } from './networks.ts';
import { StaleVms } from './stale-vms.ts';
import { graceMs } from './staleness.ts';

/**
 * Does to running VMs what nobody has to ask for: stops those that nobody uses if the configuration says so, has their
 * ports forwarded, and has their clocks follow the host's. It acts on what the monitor sees.
 */
export class Upkeep {
  readonly stale: StaleVms;
  readonly #networks: Networks;

  constructor(
    { vms, log }: Pick<Host, 'vms' | 'log'>,
    operations: VmOperations,
    jobs: Jobs,
    monitor: Monitor,
    config: () => Promise<Config>,
  ) {
    const running = () => monitor.running();
    const contextOf = (id: string) => operations.contextOf(id);
    this.stale = new StaleVms({
      log,
      nameOf: (id) => vms.get(id).name,
      isWorkedOn: (id) => jobs.running.some(({ object }) => object.kind === 'vm' && object.id === id),
      stop: (id) => operations.stop(id, defaultStopMs),
    });
    this.#networks = new Networks(running, contextOf, monitor.trouble);
    monitor.on('runs', () => this.#networks.wake());
    monitor.on('ended', (id) => {
      this.#networks.forget(id);
      this.stale.forget(id);
    });
    // One that is frozen may continue before it is given up.
    const isUp = (vm: Vm) => ['running', 'frozen'].includes(getVmState(vm));
    monitor.on('clockJumped', (ms) => setGuestClocks(vms.list().filter(isUp), ms, contextOf, log));
    monitor.show(onlookerFor(this.stale, monitor, config));
  }

  /** What listens in guests, and how it is reached. */
  get ports(): Ports {
    return this.#networks.ports;
  }

  end(): void {
    this.#networks.end();
  }
}

/** Judges by what guests use whether they are stale. */
function onlookerFor(stale: StaleVms, { trouble }: Monitor, config: () => Promise<Config>): Onlooker {
  return {
    // To stop VMs in time, guests are asked more often than for figures alone.
    intervalMs: ({ autoStopStaleAfter }) => {
      if (autoStopStaleAfter === undefined) return undefined;
      return stale.isAnyAnnounced ? graceMs(autoStopStaleAfter) / 4 : autoStopStaleAfter / 10;
    },
    beginRound: async () => {
      // Nothing also while the configuration cannot be read: on a doubt no VM is stopped.
      const staleAfterMs = await config().then(
        ({ autoStopStaleAfter }) => autoStopStaleAfter,
        (error: unknown) => trouble.tell(error),
      );
      return (id: string, guest: Usage | undefined) => stale.see(id, guest, staleAfterMs ?? undefined);
    },
  };
}
