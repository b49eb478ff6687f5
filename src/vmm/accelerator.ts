import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { recall, remember } from '../common/boot.ts';
import { formatSentence, getMessage, getSystemCode, type Obstacle } from '../common/errors.ts';

/** How guests run: on the processor itself, or translated. */
export type Accelerator = 'kvm' | 'tcg';

export interface AcceleratorChoice {
  accelerator: Accelerator;
  /** Why, for people: the rest of a sentence that begins "KVM is used because" or "KVM is not used because". */
  reason: string;
}

export interface AcceleratorQuestion {
  /** A private directory for the answer, which holds until the host boots again. */
  runtimeDirectory: string;
  /** What speaks against KVM without a guest; `kvmObstacle` outside of tests. */
  obstacle: () => Obstacle | undefined;
  /** Boots a guest under KVM; gives nothing if it worked, else why not. Must end by itself. */
  probe: () => Promise<string | undefined>;
  /** The files that the probe boots: another file, another probe. */
  probeFiles: readonly string[];
}

/**
 * Finds out whether guests run under KVM here. A /dev/kvm that opens says little: nested virtualisation is
 * often offered and stalls, so the processor is asked first and a guest is booted then, once per boot.
 */
export async function chooseAccelerator(question: AcceleratorQuestion): Promise<AcceleratorChoice> {
  const obstacle = question.obstacle();
  if (obstacle) return { accelerator: 'tcg', reason: formatSentence(obstacle) };
  const cache = {
    file: join(question.runtimeDirectory, 'kvm-probe.json'),
    key: question.probeFiles.map(fingerprint).join(' '),
    parse: parseChoice,
  };
  const known = recall(cache);
  if (known) return known;
  const failure = await question.probe();
  const choice: AcceleratorChoice = failure
    ? { accelerator: 'tcg', reason: `a guest that was tried on it did not run: ${failure}` }
    : { accelerator: 'kvm', reason: 'a guest that was tried on it ran' };
  remember(cache, choice);
  return choice;
}

/** Explains why KVM cannot work here, as far as that shows without a guest. */
export function kvmObstacle(cpuinfo = '/proc/cpuinfo', device = '/dev/kvm'): Obstacle | undefined {
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync(cpuinfo, 'utf8'))) {
    return {
      problem: 'the processor offers no virtualisation (neither vmx nor svm)',
      remedy: 'turn it on in the firmware, or allow nesting if this is a virtual machine',
    };
  }
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (getSystemCode(error) === 'ENOENT')
      return { problem: `there is no ${device}`, remedy: 'load the kernel module kvm_intel or kvm_amd' };
    if (getSystemCode(error) === 'EACCES')
      return { problem: `${device} is not open to you`, remedy: 'join the group kvm and log in again' };
    return { problem: getMessage(error) };
  }
}

function fingerprint(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return `${path}:${stat?.size}:${stat?.mtimeMs}`;
}

function parseChoice(value: unknown): AcceleratorChoice | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('accelerator' in value && 'reason' in value) || typeof value.reason !== 'string') return undefined;
  const { accelerator, reason } = value;
  return accelerator === 'kvm' || accelerator === 'tcg' ? { accelerator, reason } : undefined;
}
