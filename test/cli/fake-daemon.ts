import { Bus } from '../../src/bus/connection.ts';
import { managerName, managerPath } from '../../src/bus/interfaces.ts';
import { type Implementation, ObjectTree } from '../../src/bus/server.ts';
import { BangerError } from '../../src/common/errors.ts';
import { standIn } from '../support/stand-in.ts';
import { addArtifacts, findArtifact, images, kernels } from './fake-artifacts.ts';

export interface FakeVm {
  id: string;
  name: string;
  state: string;
  vcpus: number;
  memory: number;
  diskSize: number;
  lastError: string;
  accelerator: string;
  network: string;
  nat: boolean;
  warnings: string[];
  /** What Stats answers; the guest of a VM without is silent. */
  stats: Record<string, number>;
  /** Where Logs points. */
  consoleFile: string;
  vmmLogFile: string;
  starts: [number, string, [string, number][]][];
  ports: FakePort[];
}

/** A listener as VM1.Ports tells it. */
type FakePort = [string, string, number, string, number, string, string, string, number, string, string];

/** What the work of a job may do. */
export interface FakeJob {
  signal: AbortSignal;
  stage(name: string, progress?: number): void;
}

type Script = (job: FakeJob, vm?: FakeVm) => Promise<void> | void;

/** A manager without VMs behind it: what its jobs do is written by the test. */
export class FakeDaemon {
  readonly vms = new Map<string, FakeVm>();
  /** Every mutating call, in order: its name and its arguments. */
  readonly calls: [member: string, ...args: unknown[]][] = [];
  /** What else DaemonStatus tells. */
  status: Record<string, boolean> = {};
  readonly scripts: Record<string, Script> = {};
  checks: [string, string, string, string][] = [];
  /** What SSH answers beyond the usual. */
  ssh: Record<string, string | number> = {};
  quit = () => this.die();
  readonly #bus: Bus;
  readonly #tree: ObjectTree;
  #jobs = 0;
  #hangs = false;

  private constructor(bus: Bus) {
    this.#bus = bus;
    this.#tree = new ObjectTree(bus, (_, error) => console.error(error));
  }

  static async start(address: string): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(await Bus.connect(address, 5_000));
    daemon.#tree.add(managerPath, 'org.banger.Manager1', daemon.#manager());
    addArtifacts(daemon.#tree, (kind, name) => daemon.calls.push([`Delete ${kind}`, name]));
    await daemon.#bus.requestName(managerName);
    return daemon;
  }

  /** Leaves the bus as a daemon that crashed. */
  die(): void {
    this.#bus.close();
  }

  /** Has its name and answers no listing any more. */
  hang(): void {
    this.#hangs = true;
  }

  addVm(name: string, given: Partial<FakeVm> = {}): FakeVm {
    const vm = {
      id: `id${name.replaceAll('-', '')}`,
      name,
      state: 'running',
      vcpus: 2,
      memory: 2 ** 30,
      diskSize: 2 ** 33,
      lastError: '',
      accelerator: 'kvm',
      network: 'user',
      nat: true,
      warnings: [],
      stats: {},
      consoleFile: '/vms/console.log',
      vmmLogFile: '/vms/vmm.log',
      starts: [],
      ports: [],
      ...given,
    };
    this.vms.set(name, vm);
    this.#tree.add(pathOf(vm), 'org.banger.VM1', this.#vm(vm));
    return vm;
  }

  /** Changes what a VM runs in and how, and tells so. */
  changeVm(vm: FakeVm, change: Pick<FakeVm, 'accelerator' | 'network'>): void {
    Object.assign(vm, change);
    this.#tree.changed(pathOf(vm), 'org.banger.VM1', ['Accelerator', 'Network']);
  }

  removeVm(vm: FakeVm): void {
    this.vms.delete(vm.name);
    this.#tree.remove(pathOf(vm));
  }

  /** By name, id or unique prefix of the id, as bangerd does. */
  #find(ref: string): FakeVm {
    const byId = [...this.vms.values()].filter(({ id }) => id.startsWith(ref));
    const vm = this.vms.get(ref) ?? (byId.length === 1 ? byId[0] : undefined);
    if (!vm)
      throw new BangerError('NoSuchVM', `there is no VM ${ref}`, { remedy: '`banger vm list` shows them' });
    return vm;
  }

  #job(kind: string, vm?: FakeVm): string {
    const path = `/org/banger/jobs/${++this.#jobs}`;
    const abort = new AbortController();
    const now = { stage: '', progress: -1, state: 'running' };
    this.#tree.add(path, 'org.banger.Job1', {
      methods: {
        Cancel: () => {
          this.calls.push(['Cancel', path]);
          abort.abort();
        },
      },
      properties: {
        Kind: () => kind,
        Stage: () => now.stage,
        Progress: () => now.progress,
        Object: () => (vm ? pathOf(vm) : '/'),
        State: () => now.state,
        Cancelable: () => true,
      },
    });
    const job: FakeJob = {
      signal: abort.signal,
      stage: (stage, progress = -1) => {
        Object.assign(now, { stage, progress });
        this.#tree.changed(path, 'org.banger.Job1', ['Stage', 'Progress']);
      },
    };
    setImmediate(async () => {
      const end = (...[result, name, message]: [string, string, string]) => {
        now.state = result;
        this.#tree.emit(managerPath, 'org.banger.Manager1', 'JobRemoved', path, result, name, message);
      };
      try {
        await this.scripts[kind]?.(job, vm);
        end('done', '', '');
      } catch (error) {
        const { code, message } = error as BangerError;
        end(code === 'Cancelled' ? 'cancelled' : 'failed', `org.banger.Error.${code}`, message);
      }
    });
    return path;
  }

  #vm(vm: FakeVm): Implementation<'org.banger.VM1'> {
    const job = (member: string, kind: string) => (_: unknown, options: unknown) => {
      this.calls.push([member, vm.name, options]);
      return this.#job(kind, vm);
    };
    const { methods, properties } = standIn('org.banger.VM1');
    return {
      methods: {
        ...methods,
        Start: job('Start', 'start'),
        Stop: job('Stop', 'stop'),
        Restart: job('Restart', 'restart'),
        Set: job('Set', 'set'),
        Kill: (_, signal, options) => {
          this.calls.push(['Kill', vm.name, signal, options]);
          return this.#job('kill', vm);
        },
        Keep: (_, options) => {
          this.calls.push(['Keep', vm.name, options]);
        },
        Stats: () => vm.stats,
        Logs: () => ({
          console_file: vm.consoleFile,
          vmm_log_file: vm.vmmLogFile,
          unit: `banger-vm-${vm.id}.service`,
        }),
        Ports: () => vm.ports,
        Starts: () => vm.starts,
        Delete: (caller, options) => {
          if (vm.state === 'running' && !options.force) {
            throw new BangerError('Busy', `${vm.name} is running`, {
              remedy: 'stop it first, or delete it with --force',
            });
          }
          this.removeVm(vm);
          return job('Delete', 'delete')(caller, options);
        },
        PrepareWorkspace: (_, source, options) => {
          this.calls.push(['PrepareWorkspace', vm.name, source, options]);
          return this.#job('workspace', vm);
        },
        SSH: () => {
          if (vm.state !== 'running') {
            throw new BangerError('NotRunning', `${vm.name} is ${vm.state}`, {
              remedy: 'start it with `banger vm start`',
            });
          }
          return {
            host: '127.0.0.1',
            port: 2222,
            user: 'root',
            identity_file: '/keys/id',
            known_hosts_file: '/vms/known hosts',
            host_key_alias: `banger-vm-${vm.id}`,
            control_path: '',
            ...this.ssh,
          };
        },
      },
      properties: {
        ...properties,
        Id: () => vm.id,
        Name: () => vm.name,
        State: () => vm.state,
        Image: () => 'debian-bookworm',
        Kernel: () => 'debian',
        VCPUs: () => vm.vcpus,
        Memory: () => vm.memory,
        DiskSize: () => vm.diskSize,
        Address: () => '127.0.0.1',
        HostName: () => `${vm.name}.vm`,
        Unit: () => `banger-vm-${vm.id}`,
        VMM: () => 'qemu',
        Accelerator: () => vm.accelerator,
        Network: () => vm.network,
        WantedNetwork: () => 'auto',
        NAT: () => vm.nat,
        Reasons: () => ({ network: 'banger-netd is not here' }),
        CreatedAt: () => 1_700_000_000_000_000,
        StartedAt: () => (vm.state === 'running' ? 1_700_000_001_000_000 : 0),
        LastError: () => vm.lastError,
        Warnings: () => vm.warnings,
      },
    };
  }

  #manager(): Implementation<'org.banger.Manager1'> {
    const pull = (member: string, kind: string) => (_: unknown, name: string) => {
      this.calls.push([member, name]);
      return this.#job(kind);
    };
    return {
      methods: {
        CreateVM: (_, name, options) => {
          this.calls.push(['CreateVM', name, options]);
          if (name === 'bad_name') throw new BangerError('InvalidName', 'bad_name is not a name for a VM');
          if (this.vms.has(name)) throw new BangerError('AlreadyExists', `there is a VM ${name} already`);
          const vm = this.addVm(name || 'made-up', {
            state: options.start === false ? 'stopped' : 'running',
            vcpus: typeof options.vcpus === 'number' ? options.vcpus : 2,
            memory: typeof options.memory === 'number' ? options.memory : 2 ** 30,
          });
          return [pathOf(vm), this.#job('create', vm)];
        },
        GetVM: (_, ref) => pathOf(this.#find(ref)),
        ListVMs: async () => {
          if (this.#hangs) await new Promise(() => undefined);
          return [...this.vms.values()].map((vm) => [
            pathOf(vm),
            vm.name,
            vm.id,
            vm.state,
            'debian-bookworm',
            vm.vcpus,
            vm.memory,
            vm.diskSize,
            '127.0.0.1',
            1_700_000_000_000_000,
          ]);
        },
        GetImage: (_, ref) => findArtifact('image', ref),
        ListImages: () => images.map(([...image]) => image),
        PullImage: pull('PullImage', 'pull-image'),
        GetKernel: (_, ref) => findArtifact('kernel', ref),
        ListKernels: () => kernels.map(([...kernel]) => kernel),
        PullKernel: pull('PullKernel', 'pull-kernel'),
        Doctor: () => this.checks,
        DaemonStatus: () => ({
          version: '9.9.9',
          // Beyond the largest that Linux gives.
          pid: 4_200_000,
          started_at: 1_700_000_000_000_000,
          bus_address: 'unix:path=/run/bus',
          state_directory: '/state',
          log_file: '/state/bangerd.log',
          socket: '/run/banger/bangerd.sock',
          dns_address: '127.0.0.1:42069',
          ...this.status,
        }),
        Quit: () => {
          setImmediate(this.quit);
        },
      },
      properties: {
        Version: () => '9.9.9',
        Features: () => [],
        DNSAddress: () => '127.0.0.1:42069',
        LogLevel: () => 'info',
      },
      writable: { LogLevel: () => undefined },
    };
  }
}

function pathOf(vm: FakeVm): string {
  return `/org/banger/vms/${vm.id}`;
}
