import type { VmProxy } from '../../client/client.ts';
import { printable } from '../../common/text.ts';
import { output } from '../output/streams.ts';

/** One line of what is not as it was asked for and stops nothing. */
export function note(vmName: string, text: string): void {
  output.diagnostics.write(`note: ${printable(vmName)}: ${printable(text)}\n`);
}

/** Says what the last start of a VM could not do as it was asked to. */
export async function announceWarnings(vm: VmProxy, name: string): Promise<void> {
  for (const warning of await vm.get('Warnings')) note(name, warning);
}
