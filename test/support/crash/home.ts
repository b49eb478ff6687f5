import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { managerName, managerPath } from '../../../src/bus/interfaces.ts';
import type { Paths } from '../../../src/common/paths.ts';
import { isLive, readStat, readVariable } from '../../../src/common/proc.ts';
import type { LeftProcess } from '../home.ts';
import { type Ended, runProgram, until } from '../program.ts';

/** A VM as `vm list --json` has it. */
export interface ListedVm {
  id: string;
  name: string;
  state: string;
}

/** Where a daemon is killed again and again: this machine, or a host of its own. */
export interface CrashHost {
  /** What programs are started by, such as nsenter with its arguments. */
  prefix: readonly string[];
  env: NodeJS.ProcessEnv;
  /** The daemon's directory for temporary files. */
  temporary: string;
  /** Where the host's file system is seen from here; empty where it is ours. */
  root: string;
  paths: Paths;
  /** The CLI. */
  banger: string;
  /** Has the daemons that start from now on die at a point; at none where absent. */
  dieAt(point: string | undefined): Promise<void>;
  /** The pid, as it is here, of what has a pid on the host. */
  pidHere(pid: number): number | undefined;
  /** All that runs for this home, the bus and the daemon among it. */
  processes(): LeftProcess[];
  /** Whether a process is one of a VM's. */
  isOf(vmId: string, pid: number): boolean;
  /** Whether a process belongs there although neither the daemon nor a VM accounts for it, such as the bus. */
  isExpected(process: LeftProcess): boolean;
  /** Lines of /proc/mounts that belong to this home, and units that no VM accounts for. */
  others(vms: readonly ListedVm[]): Promise<string[]>;
}

/** A VM as `ListVMs` has it. */
type VmFields = [path: string, name: string, id: string, state: string, image: string, ...others: unknown[]];
const listed = ([, name, id, state]: VmFields): ListedVm => ({ id, name, state });

const commandMs = 180_000;
const settled = new Set(['stopped', 'running', 'failed']);

/** What the cases do on a host. */
export class CrashHome {
  readonly host: CrashHost;

  constructor(host: CrashHost) {
    this.host = host;
  }

  /** A path of the host, as it is seen from here. */
  at(...names: string[]): string {
    return join(`${this.host.root}/`, ...names);
  }

  /** Runs a program on the host, whatever its status. */
  async run(file: string, args: readonly string[]): Promise<Ended> {
    const { prefix, env } = this.host;
    const [first = file, ...rest] = [...prefix, file, ...args];
    return await runProgram(first, rest, { env, timeoutMs: commandMs });
  }

  /** Runs the CLI, which must succeed. */
  async banger(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(this.host.banger, args);
    assert.equal(status, 0, `banger ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.toString('utf8');
  }

  /** Runs the CLI, whatever comes of it. */
  async try(...args: string[]): Promise<Ended> {
    return await this.run(this.host.banger, args);
  }

  /** Lists the VMs: by busctl, which starts in no time, or by the CLI where it has to start the daemon. */
  async list(): Promise<ListedVm[]> {
    if (this.daemonPid() !== undefined) {
      const call = ['call', managerName, managerPath, managerName, 'ListVMs'];
      const { status, stdout } = await this.run('busctl', ['--user', '--json=short', ...call]);
      if (status === 0) return JSON.parse(stdout.toString('utf8')).data[0].map(listed);
    }
    return JSON.parse(await this.banger('vm', 'list', '--json'));
  }

  async find(name: string): Promise<ListedVm | undefined> {
    return (await this.list()).find((vm) => vm.name === name);
  }

  /** The names of what was pulled. */
  async pulled(kind: 'image' | 'kernel'): Promise<string[]> {
    const listed: { name: string }[] = JSON.parse(await this.banger(kind, 'list', '--json'));
    return listed.map(({ name }) => name);
  }

  /** Waits until no VM is in between, and no job runs. */
  async settle(): Promise<ListedVm[]> {
    let vms: ListedVm[] = [];
    await until('every VM has come to rest', async () => {
      vms = await this.list();
      return vms.every(({ state }) => settled.has(state));
    });
    return vms;
  }

  /** The pid of the daemon, as it is here, while one runs. */
  daemonPid(): number | undefined {
    const pid = this.#holder();
    return isLive(readStat(pid ?? 0)) ? pid : undefined;
  }

  /** Ends the daemon in an orderly way. It must have nothing to do. */
  async endDaemon(): Promise<void> {
    const pid = this.daemonPid();
    if (pid === undefined) return;
    process.kill(pid, 'SIGTERM');
    await until('the daemon has ended', () => !isLive(readStat(pid)) && this.#holder() === undefined);
  }

  /**
   * Has a daemon die at a point of what it is told to do.
   * @param act brings it there; that it fails is for the case to see
   */
  async crash(point: string, act: () => Promise<unknown>): Promise<void> {
    await this.endDaemon();
    assert.equal(this.#holder(), undefined, 'a daemon has ended otherwise');
    await this.host.dieAt(point);
    let pid: number | undefined;
    const isDead = () => {
      // One that ends in an orderly way takes its mark along; of one that was killed it stays until the next begins.
      pid ??= this.#holder();
      return pid !== undefined && !isLive(readStat(pid));
    };
    const acting = act();
    // Whoever waits for it below gets the rejection.
    acting.catch(() => undefined);
    await until(`the daemon dies at ${point}`, isDead, commandMs).finally(() => this.host.dieAt(undefined));
    // Who followed the job waits two seconds for the daemon, unless there is another one.
    if (this.daemonPid() === undefined) await this.list();
    await acting;
    // A service may have been started again before it was told otherwise.
    const next = this.daemonPid();
    if (next !== undefined && readVariable(next, 'BANGER_DIE_AT') !== undefined) await this.endDaemon();
  }

  /** The pid, as it is here, of the program that runs a VM: it alone has the VM's disk among its arguments. */
  vmm(id: string): number {
    const disk = join(this.host.paths.state, 'vms', id, 'system.ext4');
    const [pid, ...others] = this.host
      .processes()
      .filter(
        ({ commandLine }) => commandLine.startsWith('qemu-system') || commandLine.includes('/qemu-system'),
      )
      .filter(({ commandLine }) => commandLine.includes(disk))
      .map((process) => process.pid);
    assert.ok(pid !== undefined && others.length === 0, `${id} has ${others.length + (pid ? 1 : 0)} VMMs`);
    return pid;
  }

  /** The pid, as it is here, of the daemon that last began and has not ended in an orderly way; 0 if it is gone. */
  #holder(): number | undefined {
    const file = this.at(this.host.paths.state, 'daemon.json');
    const pid = existsSync(file) ? /"pid":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
    return pid === undefined ? undefined : (this.host.pidHere(Number(pid)) ?? 0);
  }
}
