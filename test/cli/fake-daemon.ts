import { Bus } from '../../src/bus/connection.ts';
import { managerName, managerPath } from '../../src/bus/interfaces.ts';
import { type Implementation, ObjectTree } from '../../src/bus/server.ts';
import { BangerError } from '../../src/common/errors.ts';

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
}

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
  readonly scripts: Record<string, Script> = {};
  checks: [string, string, string, string][] = [];
  /** What SSH answers beyond the usual. */
  ssh: Record<string, string | number> = {};
  quit = () => this.die();
  readonly #bus: Bus;
  readonly #tree: ObjectTree;
  #jobs = 0;

  private constructor(bus: Bus) {
    this.#bus = bus;
    this.#tree = new ObjectTree(bus, (_, error) => console.error(error));
  }

  static async start(address: string): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(await Bus.connect(address, 5_000));
    daemon.#tree.add(managerPath, 'org.banger.Manager1', daemon.#manager());
    await daemon.#bus.requestName(managerName);
    return daemon;
  }

  /** Leaves the bus as a daemon that crashed. */
  die(): void {
    this.#bus.close();
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
      ...given,
    };
    this.vms.set(name, vm);
    this.#tree.add(pathOf(vm), 'org.banger.VM1', this.#vm(vm));
    return vm;
  }

  removeVm(vm: FakeVm): void {
    this.vms.delete(vm.name);
    this.#tree.remove(pathOf(vm));
  }

  #find(ref: string): FakeVm {
    const vm = this.vms.get(ref);
    if (!vm) throw new BangerError('NoSuchVM', `there is no VM ${ref}; \`banger vm list\` shows them`);
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
    return {
      methods: {
        Start: job('Start', 'start'),
        Stop: job('Stop', 'stop'),
        Delete: (caller, options) => {
          if (vm.state === 'running' && !options.force) {
            throw new BangerError('Busy', `${vm.name} is running; stop it first, or delete it with --force`);
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
            throw new BangerError(
              'NotRunning',
              `${vm.name} is ${vm.state}; start it with \`banger vm start\``,
            );
          }
          return {
            host: '127.0.0.1',
            port: 2222,
            user: 'root',
            identity_file: '/keys/id',
            known_hosts_file: '/vms/known hosts',
            host_key_alias: `banger-vm-${vm.id}`,
            ...this.ssh,
          };
        },
      },
      properties: {
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
        CreatedAt: () => 1_700_000_000_000_000,
        StartedAt: () => (vm.state === 'running' ? 1_700_000_001_000_000 : 0),
        LastError: () => vm.lastError,
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
        ListVMs: () =>
          [...this.vms.values()].map((vm) => [
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
          ]),
        GetImage: (_, ref) => this.#artifact(ref, 'image'),
        ListImages: () => [
          ['/org/banger/images/i1', 'debian-bookworm', 'i1', 'debian', 2 ** 28, 1_700_000_000_000_000],
        ],
        PullImage: pull('PullImage', 'pull-image'),
        GetKernel: (_, ref) => this.#artifact(ref, 'kernel'),
        ListKernels: () => [
          ['/org/banger/kernels/k1', 'debian', 'k1', '6.1.0-cloud', 2 ** 26, 1_700_000_000_000_000],
        ],
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
        }),
        Quit: () => {
          setImmediate(this.quit);
        },
      },
      properties: { Version: () => '9.9.9', Features: () => [], LogLevel: () => 'info' },
      writable: { LogLevel: () => undefined },
    };
  }

  #artifact(ref: string, kind: 'image' | 'kernel'): string {
    if (ref === 'used') throw new BangerError('InUse', `the ${kind} used belongs to the VM web`);
    if (ref !== 'debian-bookworm' && ref !== 'debian') {
      throw new BangerError(kind === 'image' ? 'NoSuchImage' : 'NoSuchKernel', `there is no ${kind} ${ref}`);
    }
    const path = `/org/banger/${kind}s/${kind[0]}1`;
    const common = {
      Id: () => `${kind[0]}1`,
      Name: () => ref,
      Size: () => 2 ** 28,
      Digest: () => 'sha256:abc',
      CreatedAt: () => 1_700_000_000_000_000,
    };
    const methods = {
      Delete: () => {
        this.calls.push([`Delete ${kind}`, ref]);
      },
    };
    this.#tree.remove(path);
    if (kind === 'kernel') {
      this.#tree.add(path, 'org.banger.Kernel1', {
        methods,
        properties: { ...common, Release: () => '6.1.0-cloud' },
      });
    } else {
      this.#tree.add(path, 'org.banger.Image1', {
        methods,
        properties: {
          ...common,
          Kernel: () => 'debian',
          Distribution: () => 'debian',
          Architecture: () => 'x86_64',
        },
      });
    }
    return path;
  }
}

function pathOf(vm: FakeVm): string {
  return `/org/banger/vms/${vm.id}`;
}
