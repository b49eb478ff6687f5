import { BangerError } from '../../common/errors.ts';
import { lastLines } from '../../common/text.ts';

const maxWords = 500;

/** What Firecracker says when the host lacks something, and what helps. */
const lacks: readonly { says: RegExp; problem: string; remedy: string }[] = [
  {
    says: /kvm.*(permission denied|os error 13\b)/is,
    problem: '/dev/kvm is not open to you',
    remedy: 'join the group kvm and log in again, or set vmm = "qemu"',
  },
  {
    says: /kvm.*(no such file|os error 2\b)/is,
    problem: 'there is no /dev/kvm',
    remedy: 'load the kernel module kvm_intel or kvm_amd, or set vmm = "qemu"',
  },
  {
    says: /(tap|tun).*(permission denied|operation not permitted|os error (1|13)\b)/is,
    problem: 'its tap is not open to you',
    remedy: 'make /dev/net/tun readable and writable for you',
  },
];

/**
 * The error for a request that Firecracker refused.
 * @param request for people: method and path
 * @param fault its `fault_message`; whatever it is, it is not trusted
 */
export function refusal(request: string, status: number, fault: unknown): BangerError {
  if (typeof fault !== 'string' || fault.trim() === '') {
    return new BangerError(
      'CommandFailed',
      `Firecracker refused ${request} with status ${status} and no reason`,
    );
  }
  const details = lastLines(fault, 5, maxWords);
  const lack = lacks.find(({ says }) => says.test(details));
  if (!lack) return new BangerError('CommandFailed', `Firecracker refused ${request}`, { details });
  return new BangerError('HostNotReady', `Firecracker cannot run because ${lack.problem}, and said`, {
    details,
    remedy: lack.remedy,
  });
}
