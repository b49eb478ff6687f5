import { join } from 'node:path';
import { BangerError } from '../common/errors.ts';
import { findProgram } from '../common/find-program.ts';
import { type AcceleratorChoice, chooseAccelerator, kvmObstacle } from './accelerator.ts';
import { FirecrackerDriver } from './firecracker/driver.ts';
import { usableVersion, versionText } from './firecracker/version.ts';
import type { Driver, Machine } from './machine.ts';
import { pickVmm, type VmmNeeds } from './pick.ts';
import { QemuDriver } from './qemu/driver.ts';
import { qemuFeatures } from './qemu/features.ts';
import { probeKvm } from './qemu/kvm-probe.ts';
import { runningMachine } from './running.ts';
import { hostTscKhz } from './tsc.ts';

/** The kernel and initrd that a VM boots, which are also what is tried on KVM. */
export interface BootFiles {
  vmlinux: string;
  initrd: string;
}

/** What is configured of VMMs. */
export interface VmmSettings {
  vmm: 'auto' | Driver['name'];
  /** By name or path; of Firecracker, absent for the one in PATH. */
  qemuBin: string;
  firecrackerBin?: string | undefined;
}

/** The VMM that was chosen for a start, and how its guests run. */
export interface VmmChoice {
  driver: Driver;
  accelerator: AcceleratorChoice['accelerator'];
  /** Why this one, for people: one sentence without its full stop. */
  reason: string;
}

/** Finds the VMMs of this host and what they can do. */
export class Vmms {
  readonly #settings: () => Promise<VmmSettings>;
  readonly #hostDirectory: string;
  readonly #runtimeDirectory: string;

  /**
   * @param hostDirectory banger's programs for this host
   * @param runtimeDirectory a private directory for what was found out about the host
   */
  constructor(settings: () => Promise<VmmSettings>, hostDirectory: string, runtimeDirectory: string) {
    this.#settings = settings;
    this.#hostDirectory = hostDirectory;
    this.#runtimeDirectory = runtimeDirectory;
  }

  /** Sees to it that a new VM can have a VMM. @throws HostNotReady if the one that is configured is missing */
  async expect(): Promise<void> {
    const { vmm, qemuBin, firecrackerBin } = await this.#settings();
    if (vmm !== 'firecracker') findQemu(qemuBin);
    else await usableVersion(findFirecracker(firecrackerBin), this.#runtimeDirectory);
  }

  /** Picks the VMM of a VM that starts. @throws HostNotReady if it is missing, too old or cannot make our machine */
  async choose(files: BootFiles, needs: VmmNeeds): Promise<VmmChoice> {
    const settings = await this.#settings();
    const kvm = () => this.#kvm(findQemu(settings.qemuBin), files);
    const firecracker = async () => {
      return versionText(
        await usableVersion(findFirecracker(settings.firecrackerBin), this.#runtimeDirectory),
      );
    };
    const { vmm, reason } = await pickVmm(settings.vmm, needs, { kvm, firecracker });
    if (vmm === 'qemu') return { ...(await this.#qemu(findQemu(settings.qemuBin), await kvm())), reason };
    const binary = findFirecracker(settings.firecrackerBin);
    const driver = new FirecrackerDriver({ binary, vmmOutput: this.#vmmOutput });
    return { driver, accelerator: 'kvm', reason };
  }

  /** The handle of a machine that runs, whoever started it. */
  machine(runtimeDirectory: string): Machine {
    return runningMachine(runtimeDirectory);
  }

  get #vmmOutput(): string {
    return join(this.#hostDirectory, 'vmm-output');
  }

  async #qemu(binary: string, { accelerator }: AcceleratorChoice): Promise<Omit<VmmChoice, 'reason'>> {
    const [{ sandbox }, tscKhz] = await Promise.all([
      qemuFeatures(binary, this.#runtimeDirectory),
      hostTscKhz(join(this.#hostDirectory, 'tsc-khz'), this.#runtimeDirectory),
    ]);
    const driver = new QemuDriver({ binary, accelerator, tscKhz, sandbox }, this.#vmmOutput);
    return { driver, accelerator };
  }

  async #kvm(binary: string, files: BootFiles): Promise<AcceleratorChoice> {
    return await chooseAccelerator({
      runtimeDirectory: this.#runtimeDirectory,
      obstacle: kvmObstacle,
      probe: () => probeKvm({ binary, ...files }),
      probeFiles: [binary, files.vmlinux, files.initrd],
    });
  }
}

/** The absolute path of the Firecracker that is configured, or the one in PATH. @throws HostNotReady if it is missing */
export function findFirecracker(name = 'firecracker'): string {
  const binary = findProgram(name);
  if (binary !== undefined) return binary;
  throw new BangerError('HostNotReady', `${name} is not installed or not executable`, {
    remedy: 'install Firecracker as docs/firecracker.md says, or set firecracker_bin',
  });
}

function findQemu(name: string): string {
  const binary = findProgram(name);
  if (binary !== undefined) return binary;
  throw new BangerError('HostNotReady', `${name} is not installed`, {
    remedy: 'install the package qemu-system-x86',
  });
}
