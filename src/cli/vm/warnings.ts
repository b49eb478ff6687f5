import type { Vm } from '../../client/client.ts';
import { printable } from '../../common/text.ts';
import { output } from '../output/streams.ts';

/** One line of what is not as it was asked for and stops nothing. */
export function note(vmName: string, text: string): void {
  output.diagnostics.write(`note: ${printable(vmName)}: ${printable(text)}\n`);
}

/** Says what the last start of a VM could not do as it was asked to. */
export async function announceWarnings(vm: Vm): Promise<void> {
  const { Warnings, Name } = await vm.getAll();
  for (const warning of Warnings) note(Name, warning);
}
