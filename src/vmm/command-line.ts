import { BangerError } from '../common/errors.ts';

/** COMMAND_LINE_SIZE of the kernel on x86 is 2048 with the terminating zero; it drops the rest silently. */
const maxLength = 2047;

/** What every guest of ours needs, whatever its machine. */
const common = [
  'console=ttyS0',
  'quiet',
  'random.trust_cpu=on',
  'audit=0',
  'selinux=0',
  // With AppArmor on, docker run fails: the guest has its kernel side and not its tools.
  'apparmor=0',
  'net.ifnames=0',
  'panic=-1',
];

/**
 * The kernel command line of a machine: what every guest needs, what the machine does, then banger's own words.
 * @param reserved how many characters the VMM adds itself
 * @throws InvalidArgs if the kernel would cut it off
 */
export function kernelCommandLine(
  machine: readonly string[],
  words: readonly string[],
  reserved = 0,
): string {
  const line = [...common, ...machine, ...words].join(' ');
  const most = maxLength - reserved;
  if (line.length > most) {
    throw new BangerError('InvalidArgs', `the kernel command line has ${line.length} characters of ${most}`);
  }
  return line;
}
