import { Client } from '../client/client.ts';
import { followJob } from '../client/job.ts';
import { printable } from '../common/text.ts';
import { Interrupts } from './interrupts.ts';
import { result } from './output/report.ts';
import { stageDisplay } from './output/stages.ts';
import { output } from './output/streams.ts';
import { describeTerminal } from './output/terminal.ts';

/** Has the daemon make something of its catalog, and shows how far it is. */
export async function pull(
  name: string,
  call: (manager: Client['manager'], name: string) => Promise<string>,
): Promise<undefined> {
  using interrupts = new Interrupts();
  using client = await Client.connect();
  const display = stageDisplay(describeTerminal(output.diagnostics));
  await followJob(client, () => call(client.manager, name), display, interrupts.signal);
  result(`${printable(name)} ready\n`);
}
