import type { AgentBudget } from '../guest/agent-budget.ts';
import type { Connect } from '../guest/request.ts';
import type { AgentChannel } from '../vmm/machine.ts';
import type { Host, VmContext } from './context.ts';
import { getWarnings, recordWarnings } from './warnings.ts';

/** How the agent of a running VM's guest is asked, and what it may cost. */
export interface Agent {
  connect: Connect;
  budget: AgentBudget;
}

/** The agent of a VM's guest, over one of its channels. Nothing is connected yet. */
export function getAgent({ host, id, files }: VmContext, channel: AgentChannel): Agent {
  const machine = host.vmms.machine(files.runtime);
  return { connect: (signal) => machine.connectAgent(channel, signal), budget: host.agents.of(id) };
}

/** Tells the user of a guest whose agent was cut off: in the log and among the warnings of its VM. */
export function tellCutOff(host: Pick<Host, 'log' | 'vms'>, id: string, why: string): void {
  if (!host.vms.has(id)) return;
  const { name } = host.vms.get(id);
  host.log.warn({ vm: id }, `${name}: ${why}; the VM continues without it until its next start`);
  const warning = `${why}; what it uses and its ports are not known until it is started again`;
  // First, because a guest may have said enough to fill the list; once, because each daemon finds it out anew.
  recordWarnings(host, id, [warning, ...getWarnings(host, id).filter((other) => other !== warning)]);
}
