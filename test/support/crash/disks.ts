import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSuperblock } from '../../../src/disk/ext4.ts';
import { runProgram } from '../program.ts';
import type { CrashHome, ListedVm } from './home.ts';

/** The disks of a VM, and where its user's file is on each: the system disk has what changed over the image. */
const disks = { 'system.ext4': '/upper/var/marker', 'work.ext4': '/root/marker' } as const;
type Disk = keyof typeof disks;

/** What a user wrote in a guest, which must be there for ever after. */
const marker = 'what the user wrote';
export const writeMarkers = `for file in /var/marker /root/marker; do echo '${marker}' >$file; done`;

/** Looks at disks, also at those that a guest is using. */
export class DiskCheck {
  readonly #home: CrashHome;
  readonly #scratch: string;
  /** What was found of a disk, until it is written to. */
  readonly #known = new Map<string, string>();
  /** VMs whose user has written something. */
  readonly #marked = new Set<string>();

  constructor(home: CrashHome, scratch: string) {
    this.#home = home;
    this.#scratch = scratch;
  }

  /** From now on the files of `writeMarkers` must be on the disks of this VM. */
  mark(id: string): void {
    this.#marked.add(id);
  }

  /** Checks both disks of each VM, and gives in words how they were found. @throws AssertionError for one that is not well */
  async check(vms: readonly ListedVm[]): Promise<string> {
    const found = new Set<string>();
    for (const vm of vms) {
      for (const disk of Object.keys(disks) as Disk[]) found.add(await this.#checkOne(vm, disk));
    }
    found.delete('clean');
    return found.size === 0 ? 'clean' : [...found].sort().join(', ');
  }

  async #checkOne(vm: ListedVm, disk: Disk): Promise<string> {
    const path = this.#home.at(this.#home.host.paths.state, 'vms', vm.id, disk);
    const { ino, mtimeMs, size } = statSync(path);
    const key = [path, ino, mtimeMs, size].join();
    const known = vm.state === 'running' ? undefined : this.#known.get(key);
    if (known) return known;
    mkdirSync(this.#scratch, { recursive: true });
    const copy = join(this.#scratch, disk);
    try {
      const found = await this.#examine(vm, disk, path, copy);
      this.#known.set(key, found);
      return found;
    } finally {
      rmSync(copy, { force: true });
    }
  }

  /** A disk that is in use is taken as a power cut would leave it, from under a VMM that stands still. */
  async #examine(vm: ListedVm, disk: Disk, path: string, copy: string): Promise<string> {
    const isRunning = vm.state === 'running';
    const vmm = isRunning ? this.#home.vmm(vm.id) : undefined;
    if (vmm !== undefined) process.kill(vmm, 'SIGSTOP');
    try {
      await must('cp', ['--sparse=always', '--reflink=auto', path, copy]);
    } finally {
      if (vmm !== undefined) process.kill(vmm, 'SIGCONT');
    }
    const superblock = await readSuperblock(copy);
    assert.ok(superblock && !superblock.hasErrors, `${path} has no file system, or one with errors`);
    const first = await runProgram('/usr/sbin/e2fsck', ['-fn', copy]);
    if (first.status !== 0) {
      // Its journal has what is missing; nothing but that may be needed.
      await must('/usr/sbin/e2fsck', ['-y', '-E', 'journal_only', copy]);
      await must('/usr/sbin/e2fsck', ['-fn', copy]);
    }
    if (this.#marked.has(vm.id)) {
      const said = await must('/usr/sbin/debugfs', ['-R', `cat ${disks[disk]}`, copy]);
      assert.equal(said, `${marker}\n`, `${disks[disk]} on ${path}`);
    }
    if (first.status === 0) return 'clean';
    return isRunning ? 'in use, clean after its journal' : 'clean after its journal';
  }
}

async function must(file: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram(file, args);
  assert.equal(status, 0, `${file} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.toString('utf8');
}
