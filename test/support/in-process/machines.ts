import { appendFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { throwIfCancelled, untilAborted } from '../../../src/common/abort.ts';
import { BangerError } from '../../../src/common/errors.ts';
import { identify } from '../../../src/common/process.ts';
import { slirpSocket } from '../../../src/network/enclosure.ts';
import {
  endOf,
  type ProgramEnd,
  type Supervised,
  type Supervisor,
} from '../../../src/supervise/supervisor.ts';
import type { Driver, MachineSpec } from '../../../src/vmm/machine.ts';
import type { Vmms } from '../../../src/vmm/vmms.ts';
import { connectAgent, type GuestAnswers } from './agent.ts';
import { serveSlirp } from './slirp.ts';

type Boot = (machine: FakeMachine, signal: AbortSignal) => Promise<void> | void;

/** A machine as far as banger sees one: a program that runs, a console, and an agent that answers. */
export class FakeMachine implements GuestAnswers {
  readonly spec: MachineSpec;
  readonly supervised: Supervised;
  readonly ended: Promise<ProgramEnd>;
  usage: object | undefined = { uptime_ms: 1, connections: 0 };
  ports: readonly object[] = [];
  isRunning = true;
  /** What happens before it gets a signal; one that throws is one that cannot be sent. */
  onSignal: (signal: NodeJS.Signals) => void = () => undefined;
  readonly #vmmLog: string;
  readonly #end: (end: ProgramEnd) => void;
  #booted: Promise<void> | undefined;
  #slirp: Server | undefined;

  constructor(spec: MachineSpec, supervised: Supervised, vmmLog: string) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.spec = spec;
    this.supervised = supervised;
    this.ended = promise;
    this.#end = resolve;
    this.#vmmLog = vmmLog;
  }

  /** Writes to the serial console. */
  readonly say = (text: string): void => appendFileSync(this.spec.consoleFile, text);

  /** Ends the VMM. @param lastWords what it prints before */
  end(status: number | null, signal: NodeJS.Signals | null = null, lastWords = ''): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    appendFileSync(this.#vmmLog, lastWords);
    this.#slirp?.close();
    this.#end(endOf(status, signal));
  }

  /** Boots the guest once; it begins when the daemon first asks whether it is ready. */
  async boot(onBoot: Boot, signal: AbortSignal): Promise<void> {
    this.#booted ??= Promise.resolve(onBoot(this, signal));
    await this.#booted;
  }

  async connectNetwork(takenPorts: ReadonlySet<number>): Promise<void> {
    this.#slirp = await serveSlirp(slirpSocket(this.spec.runtimeDirectory), takenPorts);
  }
}

/** Figures of a machine are those of this process; no signal is ever sent to it. */
const thisProcess = identify(process.pid) ?? { pid: process.pid, startTime: 0, bootId: '' };

/** The machines of a daemon and what runs them. Without a word of the test each boots at once. */
export class FakeMachines {
  readonly #machines = new Map<string, FakeMachine>();
  readonly #specs = new Map<string, MachineSpec>();
  /** What happens in a boot before the guest is ready. One that fails is one whose machine ends in it. */
  onBoot: Boot = () => undefined;
  /** What happens before a machine that is killed has ended. */
  onKill: () => Promise<void> | void = () => undefined;
  accelerator: 'kvm' | 'tcg' = 'kvm';
  /** Ports of the host that VMs cannot have. */
  readonly takenPorts = new Set<number>();

  /** The machine of a VM, the last that it had. */
  of(id: string): FakeMachine {
    const machine = [...this.#machines.values()].findLast(({ spec }) => spec.id === id);
    if (!machine) throw new Error(`${id} has no machine`);
    return machine;
  }

  readonly vmms: Pick<Vmms, keyof Vmms> = {
    expect: async () => undefined,
    choose: async () => ({
      driver: this.#driver,
      accelerator: this.accelerator,
      reason: 'there is no other',
    }),
    machine: (runtimeDirectory) => ({
      connectAgent: async (_channel, signal) => {
        throwIfCancelled(signal);
        const machine = this.#running(({ spec }) => spec.runtimeDirectory === runtimeDirectory);
        await machine?.boot(this.onBoot, signal);
        if (!machine?.isRunning)
          throw new BangerError('GuestUnreachable', 'the machine has ended; start it again');
        return connectAgent(machine, () => machine.end(0));
      },
      resizeDrive: async () => undefined,
      askToEnd: async () => false,
    }),
  };

  readonly #driver: Driver = {
    name: 'qemu',
    program: async (spec) => {
      this.#specs.set(spec.id, spec);
      return { file: spec.id, args: [], files: [] };
    },
    boot: (spec) => this.of(spec.id).connectNetwork(this.takenPorts),
  };

  readonly supervisor: Supervisor = {
    start: async (name, _program, logFile) => {
      const spec = this.#specs.get(name.replace('banger-vm-', ''));
      if (!spec) throw new Error(`${name} is not a machine`);
      const mark = `${name}:${this.#machines.size}`;
      const supervised: Supervised = { kind: 'process', ...thisProcess, mark };
      this.#machines.set(mark, new FakeMachine(spec, supervised, logFile));
      return supervised;
    },
    endStrays: async () => [],
    unitOf: (name) => `${name}.service`,
    find: async (name) =>
      this.#running(({ supervised }) => supervised.mark.startsWith(`${name}:`))?.supervised,
    isRunning: async ({ mark }) => this.#machines.get(mark)?.isRunning ?? false,
    mainPid: async ({ mark }) => (this.#machines.get(mark)?.isRunning ? process.pid : undefined),
    ended: async ({ mark }, signal) => {
      throwIfCancelled(signal);
      const machine = this.#machines.get(mark);
      return machine ? await untilAborted(machine.ended, signal) : { clean: true, how: 'ended' };
    },
    signal: async ({ mark }, signal) => {
      const machine = this.#machines.get(mark);
      if (!machine?.isRunning) return false;
      machine.onSignal(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') machine.end(null, signal);
      return true;
    },
    kill: async ({ mark }) => {
      await this.onKill();
      this.#machines.get(mark)?.end(null, 'SIGKILL');
    },
  };

  #running(isIt: (machine: FakeMachine) => boolean): FakeMachine | undefined {
    return [...this.#machines.values()].find((machine) => machine.isRunning && isIt(machine));
  }
}

/** A boot that goes on until it is cancelled. @throws Cancelled */
export async function untilCancelled(_machine: FakeMachine, signal: AbortSignal): Promise<void> {
  await untilAborted(new Promise(() => undefined), signal);
}
