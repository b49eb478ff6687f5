import { BangerError } from '../../common/errors.ts';
import type { Accelerator } from '../accelerator.ts';

/** COMMAND_LINE_SIZE of the kernel on x86 is 2048 with the terminating zero; it drops the rest silently. */
const maxLength = 2047;

const common = [
  'console=ttyS0',
  'quiet',
  'no_timer_check',
  'random.trust_cpu=on',
  'audit=0',
  'selinux=0',
  // With AppArmor on, docker run fails: the guest has its kernel side and not its tools.
  'apparmor=0',
  'net.ifnames=0',
  'panic=-1',
];

/**
 * The kernel command line of a machine: what QEMU's microvm needs, then banger's own words.
 * @throws InvalidArgs if the kernel would cut it off
 */
export function kernelCommandLine(
  accelerator: Accelerator,
  tscKhz: number | undefined,
  words: readonly string[],
): string {
  const line = [...common, ...timeWords(accelerator, tscKhz), ...words].join(' ');
  if (line.length > maxLength) {
    throw new BangerError(
      'InvalidArgs',
      `the kernel command line has ${line.length} characters of ${maxLength}`,
    );
  }
  return line;
}

/**
 * Under TCG the guest would measure the time stamp counter against emulated timers, which goes wrong when
 * the host is busy: it then hangs at random. KVM tells its guests the frequency itself.
 */
function timeWords(accelerator: Accelerator, tscKhz: number | undefined): string[] {
  if (accelerator === 'kvm') return [];
  return tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`, 'tsc=reliable'];
}
