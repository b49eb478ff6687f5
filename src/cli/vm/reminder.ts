import type { VmProxy } from '../../client/client.ts';
import { report } from '../output/report.ts';

/** Says that a VM goes on without its user, and how to reach and how to end it. */
export async function remind(vm: VmProxy): Promise<void> {
  // Somebody may have deleted it meanwhile; then there is nothing to remind of.
  const { Name: name, State: state } = await vm.getAll().catch(() => ({ Name: '', State: '' }));
  if (name === '') return;
  if (state === 'running') {
    report(
      `${name} still runs: return with \`banger vm ssh ${name}\`, end it with \`banger vm stop ${name}\`, remove it with \`banger vm delete --force ${name}\``,
    );
  } else if (state === 'frozen') {
    report(`${name} is frozen: \`banger vm kill --signal CONT ${name}\` continues it`);
  } else {
    report(
      `${name} is ${state}: \`banger vm start ${name}\` boots it, \`banger vm delete ${name}\` removes it`,
    );
  }
}
