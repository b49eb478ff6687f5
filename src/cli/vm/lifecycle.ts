import { Client, type VmProxy } from '../../client/client.ts';
import { followJob } from '../../client/job.ts';
import { BangerError } from '../../common/errors.ts';
import { printable } from '../../common/text.ts';
import { atLeastOne } from '../command.ts';
import { each } from '../each.ts';
import { Interrupts } from '../interrupts.ts';
import { result } from '../output/report.ts';
import { stageDisplay } from '../output/stages.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';

/**
 * Does a job on several VMs at once, once on each, shows its stages and prints what became of each.
 * @param call starts the job on one VM
 * @param done what to say of a VM when it is over
 * @param after what to say besides
 * @returns the exit status
 */
export async function onEach(
  refs: readonly string[],
  call: (vm: VmProxy) => Promise<string>,
  done: string,
  after?: (vm: VmProxy, name: string) => Promise<void>,
) {
  const wanted = atLeastOne(refs, 'VM');
  using interrupts = new Interrupts();
  using client = await Client.connect();
  const terminal = describeTerminal(output.diagnostics);
  const begun = new Set<string>();
  return await each(wanted, String, async (ref) => {
    const path = await client.manager.call('GetVM', ref);
    // A VM that is meant by its name and by its id is still one VM.
    if (begun.has(path)) return;
    begun.add(path);
    const vm = client.vm(path);
    const name = await vm.get('Name');
    const display = stageDisplay(terminal, wanted.length > 1 ? name : undefined);
    if (interrupts.happened) throw new BangerError('Cancelled', 'interrupted');
    await followJob(client, () => call(vm), display, interrupts.signal);
    result(`${printable(name)} ${done}\n`);
    await after?.(vm, name);
  });
}
