import { closeSync, openSync, readSync } from 'node:fs';
import { Fault } from './fault.ts';

const elf = '\x7fELF';

/** @throws Fault if the file is no kernel that every version of Firecracker loads, which is one in ELF */
export function assertKernel(path: string): void {
  const beginning = Buffer.alloc(elf.length);
  const file = openSync(path, 'r');
  readSync(file, beginning, 0, beginning.length, 0);
  closeSync(file);
  if (beginning.toString('latin1') !== elf)
    throw new Fault(`Cannot start the microVM: the kernel ${path} is not in ELF`);
}
