import { BangerError, getMessage } from '../../common/errors.ts';
import { execute } from '../../common/exec.ts';
import { machineArguments } from './arguments.ts';

/** A guest that runs says this in less than half a second; `execute` gives it 2 s more to end. */
const probeTimeoutMs = 3_000;
/** What the initrd prints when `banger.probe` stands on its command line, before it powers off. */
const probeWord = 'banger.probe';
const probeLine = 'BANGER-PROBE ok';

export interface ProbeGuest {
  /** The path of qemu-system-x86_64. */
  binary: string;
  vmlinux: string;
  initrd: string;
}

/**
 * Boots a guest without disks or network under KVM.
 * @returns nothing if it spoke, else why it did not, for people
 */
export async function probeKvm(guest: ProbeGuest): Promise<string | undefined> {
  const shape = { vcpus: 1, memoryBytes: 128 * 1024 * 1024 };
  const append = `console=ttyS0 quiet no_timer_check panic=-1 ${probeWord}`;
  try {
    const { stdout, stderr, status } = await execute({
      file: guest.binary,
      args: [
        ...machineArguments({ accelerator: 'kvm' }, shape),
        ...['-kernel', guest.vmlinux, '-initrd', guest.initrd, '-append', append],
        ...['-serial', 'stdio'],
      ],
      timeoutMs: probeTimeoutMs,
    });
    if (stdout.includes(probeLine)) return undefined;
    const said = (stderr.trim() || stdout.trim()).split('\n').at(-1)?.slice(-200).replace(/\p{C}/gu, '?');
    return said ? `it ended with "${said}"` : `QEMU ended with status ${status}`;
  } catch (error) {
    if (error instanceof BangerError && error.code === 'Timeout') {
      return `it said nothing within ${probeTimeoutMs / 1000} s`;
    }
    return getMessage(error);
  }
}
