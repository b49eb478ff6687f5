/**
 * Copies a checkout into a VM that runs and tells how it went as the commands do. There is no command for a second
 * workspace, and a VM for each would take long. Usage: prepare.ts VM SOURCE GUEST_PATH
 */

import { getExitStatus, reportFailure } from '../../../src/cli/failure.ts';
import { stageDisplay } from '../../../src/cli/output/stages.ts';
import { output } from '../../../src/cli/output/streams.ts';
import { describeTerminal } from '../../../src/cli/output/terminal.ts';
import { Client } from '../../../src/client/client.ts';
import { followJob } from '../../../src/client/job.ts';

const [name = '', source = '', guestPath = ''] = process.argv.slice(2);
using client = await Client.connect();
try {
  const vm = await client.findVm(name);
  const call = () => vm.call('PrepareWorkspace', source, { guest_path: guestPath });
  await followJob(client, call, stageDisplay(describeTerminal(output.diagnostics)));
} catch (error) {
  reportFailure(error);
  process.exitCode = getExitStatus(error);
}
