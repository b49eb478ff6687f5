import assert from 'node:assert/strict';
import { join } from 'node:path';
import { until } from '../program.ts';
import { type DiskCheck, writeMarkers } from './disks.ts';
import type { CrashHome, ListedVm } from './home.ts';

const size = ['--image', 'tiny', '--memory', '256M', '--vcpu', '1', '--disk-size', '1G'];
/** The VM that things are done to, and one that nothing is done to. */
export const [victim, bystander] = ['victim', 'bystander'];
export const createArguments = ['vm', 'create', '--name', victim, '--no-start', ...size];
export const guestPath = '/root/repo';

/** Has the VMs in the state that a case begins with. */
export class Victims {
  readonly home: CrashHome;
  readonly #disks: DiskCheck;
  /** A checkout on the host. */
  readonly source: string;
  #diskGiB = 1;

  constructor(home: CrashHome, disks: DiskCheck, source: string) {
    this.home = home;
    this.#disks = disks;
    this.source = source;
  }

  /** A VM that nothing is done to, with what its user wrote. */
  async bystander(): Promise<void> {
    if (await this.home.find(bystander)) return;
    await this.home.banger('vm', 'create', '--name', bystander, ...size);
    await this.#mark(bystander);
  }

  async absent(): Promise<void> {
    await this.bystander();
    if (await this.home.find(victim)) await this.home.banger('vm', 'delete', '--force', '--yes', victim);
  }

  /** Has the VM there, also one in which its user has written nothing. */
  async created(state: 'stopped' | 'running'): Promise<void> {
    await this.bystander();
    if (!(await this.home.find(victim))) await this.home.banger(...createArguments);
    const { state: present } = await this.now();
    if (present !== 'running' && state === 'running') await this.home.banger('vm', 'start', victim);
    if (present === 'running' && state === 'stopped') await this.home.banger('vm', 'stop', victim);
  }

  async stopped(): Promise<ListedVm> {
    const vm = await this.#made();
    if (vm.state === 'running') await this.home.banger('vm', 'stop', victim);
    return vm;
  }

  async running(): Promise<ListedVm> {
    const vm = await this.#made();
    if (vm.state !== 'running') await this.home.banger('vm', 'start', victim);
    return vm;
  }

  /** The VM, which must be there. */
  async now(): Promise<ListedVm> {
    const vm = await this.home.find(victim);
    assert.ok(vm, 'the VM is gone');
    return vm;
  }

  /** A size for the disk that it does not have yet. */
  largerDisk(): string {
    return `${++this.#diskGiB}G`;
  }

  get diskBytes(): number {
    return this.#diskGiB * 1024 ** 3;
  }

  async shown(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.home.banger('vm', 'show', victim, '--json'));
  }

  /** Runs a script in the guest, which must succeed. */
  async script(text: string): Promise<string> {
    return (await this.home.banger('vm', 'exec', victim, '--', 'sh', '-euc', text)).trim();
  }

  /** Copies the checkout into the guest over D-Bus. @returns whether it was done, when it has ended */
  prepare(): Promise<boolean> {
    return this.callJob('PrepareWorkspace', 'sa{sv}', this.source, '1', 'guest_path', 's', guestPath);
  }

  /**
   * Calls a method of the VM that gives a job, over D-Bus.
   * @param words the method, its signature and its arguments as busctl takes them
   * @returns whether the job was done, when it has ended
   */
  async callJob(...words: string[]): Promise<boolean> {
    const { id } = await this.now();
    const name = 'org.banger.Manager1';
    const call = ['call', name, `/org/banger/vms/${id}`, 'org.banger.VM1', ...words];
    const called = await this.home.run('busctl', ['--user', ...call]);
    const job = /^o "(.+)"/.exec(called.stdout.toString())?.[1];
    // The daemon may die while it answers.
    if (job === undefined) return false;
    let state = '';
    const get = ['get-property', name, job, 'org.banger.Job1', 'State'];
    await until('the job has ended', async () => {
      const { status, stdout } = await this.home.run('busctl', ['--user', ...get]);
      state = status === 0 ? stdout.toString() : 'gone';
      return !state.includes('running');
    });
    return state.includes('done');
  }

  async #made(): Promise<ListedVm> {
    await this.bystander();
    const present = await this.home.find(victim);
    if (present) return present;
    await this.home.banger(...createArguments);
    await this.home.banger('vm', 'start', victim);
    await this.#mark(victim);
    this.#diskGiB = 1;
    return await this.now();
  }

  /** What is written is on the disks themselves once the guest has been stopped, and not only in their journals. */
  async #mark(name: string): Promise<void> {
    await this.home.banger('vm', 'exec', name, '--', 'sh', '-euc', writeMarkers);
    await this.home.banger('vm', 'stop', name);
    const vm = await this.home.find(name);
    if (vm) this.#disks.mark(vm.id);
  }

  /** Where a disk of the VM is, as it is seen from here. */
  disk(id: string, name: 'system.ext4' | 'work.ext4'): string {
    return this.home.at(join(this.home.host.paths.state, 'vms', id, name));
  }
}
