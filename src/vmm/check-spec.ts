import { BangerError } from '../common/errors.ts';
import type { MachineSpec } from './machine.ts';

const mebibyte = 1024 * 1024;
const maxVcpus = 64;
const minMemory = 64 * mebibyte;
const maxMemory = 1024 * 1024 * mebibyte;
/** /dev/vda to /dev/vdh: more than any machine of ours has, and fewer than microvm's devices. */
const maxDrives = 8;

/**
 * Checks what any VMM takes for granted of a machine.
 * @throws InvalidArgs
 */
export function checkSpec(spec: MachineSpec): void {
  if (!Number.isInteger(spec.vcpus) || spec.vcpus < 1 || spec.vcpus > maxVcpus) {
    throw invalid(`a machine has 1 to ${maxVcpus} vCPUs, not ${spec.vcpus}`);
  }
  if (spec.memoryBytes % mebibyte !== 0 || spec.memoryBytes < minMemory || spec.memoryBytes > maxMemory) {
    throw invalid(
      `${spec.memoryBytes} bytes is not a size for a machine's memory`,
      'give whole MiB, at least 64',
    );
  }
  if (spec.drives.length > maxDrives) throw invalid(`a machine has at most ${maxDrives} drives`);
  for (const path of pathsOf(spec)) {
    if (!path.startsWith('/') || hasControlCharacter(path)) {
      throw invalid(`${JSON.stringify(path)} is not an absolute path`);
    }
  }
  for (const word of spec.commandLine) {
    if (!/^[\x21\x23-\x7e]+$/.test(word))
      throw invalid(`${JSON.stringify(word)} cannot stand on a kernel command line`);
  }
  checkNetwork(spec);
}

function checkNetwork({ network }: MachineSpec): void {
  // The second digit of a single station's address is even.
  if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(network.mac)) {
    throw invalid(`${JSON.stringify(network.mac)} is not the MAC address of a station`);
  }
  if (network.kind === 'tap' && !/^[a-z0-9][a-z0-9_.-]{0,14}$/i.test(network.name)) {
    throw invalid(`${JSON.stringify(network.name)} is not the name of a tap`);
  }
}

function pathsOf(spec: MachineSpec): string[] {
  const drives = spec.drives.map((drive) => drive.path);
  return [spec.vmlinux, spec.initrd, spec.runtimeDirectory, spec.consoleFile, ...drives];
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\x7f');
}

function invalid(problem: string, remedy?: string): BangerError {
  return new BangerError('InvalidArgs', problem, { remedy });
}
