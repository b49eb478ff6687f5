import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../../../src/bus/connection.ts';
import { type InterfaceName, managerPath } from '../../../src/bus/interfaces.ts';
import { proxy, type Proxy as RemoteObject } from '../../../src/bus/proxy.ts';
import { daemonLogFile, userPaths } from '../../../src/common/paths.ts';
import type { Platform } from '../../../src/daemon/compose.ts';
import { makeDirectories, serveManager } from '../../../src/daemon/daemon.ts';
import { openLog } from '../../../src/daemon/log.ts';
import { openStore } from '../../../src/store/database.ts';
import { VmRegistry } from '../../../src/vm/registry.ts';
import { type FakeMachine, FakeMachines } from './machines.ts';
import { FakeShells } from './shells.ts';

/** How long a job of a test may take. */
const jobMs = 60_000;

export interface DaemonOptions {
  /** Of the bus. */
  address: string;
  /** HOME and XDG_RUNTIME_DIR of a home that no other daemon uses. */
  env: NodeJS.ProcessEnv;
  /** What the daemon's machines run in; those of an earlier daemon run on. */
  machines?: FakeMachines;
  /** Whether VMs outlive the last logout; nothing where that does not concern them. */
  linger?: boolean | undefined;
  /** Records VMs before the daemon starts, as an earlier one would have. */
  record?: (vms: VmRegistry) => void;
}

/** A call that asked the daemon to change something. */
export type Call = [member: string, ...args: unknown[]];

/** Calls that only ask. */
const questions = /^(Get|List|Doctor|DaemonStatus|SSH|Stats|Logs|Ports|Starts|Introspect)/;

/**
 * bangerd in this process, on a bus of the test: its own code down to the programs of VMs, which are FakeMachines, and
 * to commands in guests, which FakeShells take.
 */
export class InProcessDaemon {
  readonly machines: FakeMachines;
  readonly shells: FakeShells;
  /** What clients other than the test asked for, in order. */
  readonly calls: Call[] = [];
  /** Hears of each of them first; the daemon hears of it when that is over. */
  onCall: (call: Call) => Promise<void> | void = () => undefined;
  readonly manager: RemoteObject<'org.banger.Manager1'>;
  readonly #bus: Bus;
  readonly #client: Bus;
  readonly #stop = new AbortController();
  readonly #gone: AbortController;
  readonly #served: Promise<unknown>;
  #hangs = false;

  private constructor(bus: Bus, client: Bus, options: DaemonOptions, serve: ServeOptions) {
    this.#bus = bus;
    this.#client = client;
    this.machines = serve.machines;
    this.shells = serve.shells;
    this.manager = this.proxy(managerPath, 'org.banger.Manager1');
    this.#gone = serve.gone;
    this.#record();
    this.#served = serveManager({
      ...{ bus, platform: platformOf(serve, options), paths: userPaths(options.env), log: serve.log },
      ...{ service: { ...nobody, ready: serve.onReady }, sockets: new Map(), stop: this.#stop.signal },
      onReload: () => undefined,
    });
  }

  /** Starts one and waits until it is ready. Its home has the image `debian-bookworm` if `makeArtifacts` put it there. */
  static async start(options: DaemonOptions): Promise<InProcessDaemon> {
    const paths = userPaths(options.env);
    makeDirectories(paths);
    if (options.record) {
      const store = openStore(`${paths.state}/banger.db`);
      options.record(new VmRegistry(store, { state: paths.state, runtime: paths.runtime }));
      store.close();
    }
    const logFile = daemonLogFile(paths.state);
    writeFileSync(logFile, '', { mode: 0o600 });
    const log = await openLog(logFile, 'info');
    const [bus, client] = await Promise.all([
      Bus.connect(options.address, 5_000),
      Bus.connect(options.address, 5_000),
    ]);
    const ready = Promise.withResolvers<void>();
    const machines = options.machines ?? new FakeMachines();
    const serve = {
      log,
      machines,
      shells: new FakeShells(),
      onReady: ready.resolve,
      gone: new AbortController(),
    };
    const daemon = new InProcessDaemon(bus, client, options, serve);
    const ended = daemon.#served.then(() => {
      throw new Error('the daemon ended before it was ready');
    });
    await Promise.race([ready.promise, ended]);
    ended.catch(() => undefined);
    return daemon;
  }

  /** Makes a VM by the API, which then runs unless it is not to be started. @returns its id */
  async addVm(
    name: string,
    options: {
      start?: boolean;
      vcpus?: number;
      memory?: number;
      network?: string;
      ephemeral?: boolean;
    } = {},
  ): Promise<string> {
    const wanted = { memory: 2 ** 30, disk_size: 2 ** 26, vcpus: 2, ...options };
    const path = await this.follow(async () => this.manager.call('CreateVM', name, wanted));
    return path.slice(path.lastIndexOf('/') + 1);
  }

  /** Makes a call that gives an object and its job, and waits until the job is done. @returns the path of the object */
  async follow(call: () => Promise<readonly [object: string, job: string]>): Promise<string> {
    const ends = new Map<string, PromiseWithResolvers<string>>();
    const endOf = (job: string) => {
      const end = ends.get(job) ?? Promise.withResolvers<string>();
      ends.set(job, end);
      return end;
    };
    const undo = await this.manager.on('JobRemoved', (job, result, _error, message) =>
      endOf(job).resolve(result === 'done' ? '' : `the job ${result}: ${message}`),
    );
    try {
      const [object, job] = await call();
      const late = sleep(jobMs, `the job did not end within ${jobMs / 1000} s`, { ref: false });
      const failure = await Promise.race([endOf(job).promise, late]);
      if (failure) throw new Error(failure);
      return object;
    } finally {
      await undo();
    }
  }

  /** Deletes a VM, whatever it does. */
  async deleteVm(name: string): Promise<void> {
    const vm = this.vm(await this.idOf(name));
    await this.follow(async () => ['/', await vm.call('Delete', { force: true })]);
  }

  /** The machine that a VM has, or had last, by the name of the VM. */
  async machineOf(name: string): Promise<FakeMachine> {
    return this.machines.of(await this.idOf(name));
  }

  /** The id of a VM, by its name. */
  async idOf(name: string): Promise<string> {
    const row = (await this.manager.call('ListVMs')).find(([, known]) => known === name);
    if (!row) throw new Error(`there is no VM ${name}`);
    return row[2];
  }

  /** A VM on the bus, by its id. */
  vm(id: string): RemoteObject<'org.banger.VM1'> {
    return this.proxy(`/org/banger/vms/${id}`, 'org.banger.VM1');
  }

  /** The names of the VMs that there are. */
  async vmNames(): Promise<string[]> {
    return (await this.manager.call('ListVMs')).map(([, name]) => name);
  }

  /** An object of the daemon, on a connection of the test. */
  proxy<I extends InterfaceName>(path: string, iface: I): RemoteObject<I> {
    return proxy(this.#client, path, iface);
  }

  /** Leaves the bus as one that was killed, and waits until its state is free. Its machines run on. */
  async crash(): Promise<void> {
    this.#bus.close();
    await this.#end();
  }

  /** Has it keep its name and answer nobody any more. */
  hang(): void {
    this.#hangs = true;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#stop.abort('the test ends it');
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(): Promise<void> {
    await this.#served;
    this.#gone.abort();
    this.#client.close();
    this.#bus.close();
  }

  #record(): void {
    const serve = this.#bus.serve.bind(this.#bus);
    this.#bus.serve = (handler) =>
      serve((message) => {
        if (this.#hangs) return;
        const { sender, member = '', interface: iface = '' } = message;
        const isOfClient = sender !== this.#client.uniqueName && iface.startsWith('org.banger.');
        if (!isOfClient || questions.test(member)) return handler(message);
        const call: Call = [member, ...message.body()];
        this.calls.push(call);
        const before = this.onCall(call);
        if (before) void before.then(() => handler(message));
        else handler(message);
      });
  }
}

interface ServeOptions {
  log: Awaited<ReturnType<typeof openLog>>;
  machines: FakeMachines;
  shells: FakeShells;
  onReady: () => void;
  /** Aborted when the daemon has ended: a process that is gone hears of no end of a machine. */
  gone: AbortController;
}

/** No service manager. */
const nobody = {
  isThere: false,
  ready: () => undefined,
  status: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  extend: () => undefined,
};

function platformOf({ machines, shells, gone }: ServeOptions, { linger }: DaemonOptions): Platform {
  return {
    supervisor: async () => ({
      ...machines.supervisor,
      ended: (supervised, signal) =>
        machines.supervisor.ended(supervised, AbortSignal.any([signal, gone.signal])),
    }),
    linger: () => linger,
    vmms: () => machines.vmms,
    bridge: () => undefined,
    shells: () => shells,
    resolver: () => ({
      route: async () => undefined,
      withdraw: async () => undefined,
      state: { kind: 'absent' },
    }),
  };
}
