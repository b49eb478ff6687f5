import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { findProgram } from '../common/find-program.ts';
import { type AcceleratorChoice, chooseAccelerator, kvmObstacle } from './accelerator.ts';
import type { Driver, Machine } from './machine.ts';
import { QemuDriver } from './qemu/driver.ts';
import { qemuFeatures } from './qemu/features.ts';
import { probeKvm } from './qemu/kvm-probe.ts';
import { hostTscKhz } from './tsc.ts';

/** The kernel and initrd that a VM boots, which are also what is tried on KVM. */
export interface BootFiles {
  vmlinux: string;
  initrd: string;
}

/** The VMM that was chosen for a start, and why guests run as they do. */
export interface VmmChoice extends AcceleratorChoice {
  driver: Driver;
}

/** Finds the VMM of this host and what it can do. */
export class Vmms {
  readonly #qemuBin: () => Promise<string>;
  readonly #hostDirectory: string;
  readonly #runtimeDirectory: string;

  /**
   * @param qemuBin tells the QEMU to use, by name or path
   * @param hostDirectory banger's programs for this host
   * @param runtimeDirectory a private directory for what was found out about the host
   */
  constructor(qemuBin: () => Promise<string>, hostDirectory: string, runtimeDirectory: string) {
    this.#qemuBin = qemuBin;
    this.#hostDirectory = hostDirectory;
    this.#runtimeDirectory = runtimeDirectory;
  }

  /** The VMM's absolute path. @throws HostNotReady if it is missing */
  async find(): Promise<string> {
    const name = await this.#qemuBin();
    const binary = findProgram(name);
    if (binary !== undefined) return binary;
    throw new BangerError('HostNotReady', `${name} is not installed; install the package qemu-system-x86`);
  }

  /** @throws HostNotReady if QEMU is missing or cannot make our machine */
  async choose(files: BootFiles): Promise<VmmChoice> {
    const binary = await this.find();
    const runtimeDirectory = this.#runtimeDirectory;
    const [features, tscKhz, choice] = await Promise.all([
      qemuFeatures(binary, runtimeDirectory),
      hostTscKhz(join(this.#hostDirectory, 'tsc-khz'), runtimeDirectory),
      chooseAccelerator({
        runtimeDirectory,
        obstacle: kvmObstacle,
        probe: () => probeKvm({ binary, ...files }),
        probeFiles: [binary, files.vmlinux, files.initrd],
      }),
    ]);
    const driver = new QemuDriver({
      binary,
      accelerator: choice.accelerator,
      tscKhz,
      sandbox: features.sandbox,
    });
    return { ...choice, driver };
  }

  /** The handle of a machine that runs, whoever started it. */
  machine(runtimeDirectory: string): Machine {
    return QemuDriver.machine(runtimeDirectory);
  }
}
