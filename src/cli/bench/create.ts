import { Client, type VmProxy } from '../../client/client.ts';
import type { OptionsOf } from '../../client/contract.ts';
import { followJob, type JobObserver } from '../../client/job.ts';
import { removeVm } from '../../client/removal.ts';
import { getGuestAccess } from '../../client/session/access.ts';
import { executeInGuest } from '../../client/session/execute.ts';
import { BangerError } from '../../common/errors.ts';
import { parseCount } from '../../common/units.ts';
import { BangerCommand, type CommandHelp, notEmpty, valueOption } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { jsonResult } from '../output/report.ts';
import { stageDisplay } from '../output/stages.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';

const defaultRuns = '5';
const sshTimeoutMs = 60_000;

/** Milliseconds from the call that makes a VM. */
interface Run {
  /** Until the daemon says that its guest is ready. */
  create_ms: number;
  /** Until a first command over ssh has ended in it. */
  ssh_ready_ms: number;
}

export default class BenchCreate extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[OPTIONS]',
    details: [
      'Makes VMs one after the other and deletes each. Prints JSON: for each run and as the median, the milliseconds until the guest was ready (create_ms) and until a first command over ssh had ended in it (ssh_ready_ms), both from the call that made the VM. An image that is not here is made before the first run.',
    ],
    examples: [
      ['How long does a VM take?', 'bench create'],
      ['The median of ten', 'bench create --runs 10 | jq .median.create_ms'],
    ],
  };

  runs = valueOption('--runs', 'N', `How many VMs to make; otherwise ${defaultRuns}`);
  image = valueOption('--image', 'IMAGE', 'The image to make them from');

  async execute(): Promise<undefined> {
    const count = parseCount(this.runs ?? defaultRuns, '--runs');
    const image = notEmpty(this.image, '--image');
    const options = { ephemeral: true, ...(image !== undefined && { image }) };
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const make = <T>(start: boolean, display: JobObserver, use: (vm: VmProxy) => Promise<T>) =>
      withVm(client, { ...options, start }, display, interrupts, use);
    // A VM that is not started brings the image here, which is no part of the time of a run.
    const made = await make(false, stageDisplay(describeTerminal(output.diagnostics)), (vm) =>
      vm.get('Image'),
    );
    const runs: Run[] = [];
    let accelerator = '';
    while (runs.length < count) {
      const began = performance.now();
      const elapsed = () => Math.round(performance.now() - began);
      const run = await make(true, {}, async (vm) => {
        const create_ms = elapsed();
        await firstCommand(client, vm, interrupts.signal);
        const ssh_ready_ms = elapsed();
        accelerator = await vm.get('Accelerator');
        return { create_ms, ssh_ready_ms };
      });
      runs.push(run);
      output.diagnostics.write(
        `run ${runs.length} of ${count}: ready after ${run.create_ms} ms, ssh after ${run.ssh_ready_ms} ms\n`,
      );
    }
    const median = {
      create_ms: medianOf(runs.map((run) => run.create_ms)),
      ssh_ready_ms: medianOf(runs.map((run) => run.ssh_ready_ms)),
    };
    jsonResult({ image: made, accelerator, runs, median });
  }
}

/** Makes a VM, uses it and deletes it, whatever happens in between. */
async function withVm<T>(
  client: Client,
  options: OptionsOf<'org.banger.Manager1', 'CreateVM'>,
  display: JobObserver,
  interrupts: Interrupts,
  use: (vm: VmProxy) => Promise<T>,
): Promise<T> {
  let vm: VmProxy | undefined;
  const create = async () => {
    const [path, job] = await client.manager.call('CreateVM', '', options);
    vm = client.vm(path);
    return job;
  };
  try {
    await followJob(client, create, display, interrupts.signal);
    if (!vm || interrupts.happened) throw new BangerError('Cancelled', 'interrupted');
    return await use(vm);
  } finally {
    if (vm) await removeVm(client, vm);
  }
}

async function firstCommand(client: Client, vm: VmProxy, signal: AbortSignal): Promise<void> {
  const access = await getGuestAccess(client, vm);
  const { status, stderr } = await executeInGuest(access, ['true'], { timeoutMs: sshTimeoutMs, signal });
  if (status !== 0)
    throw new BangerError('GuestUnreachable', `ssh failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? 0, sorted[middle] ?? 0];
  return Math.round((low + high) / 2);
}
