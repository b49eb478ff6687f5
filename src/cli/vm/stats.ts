import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../client/client.ts';
import { readUsage, type VmUsage } from '../../client/usage.ts';
import { untilAbort } from '../../common/abort.ts';
import { getMessage } from '../../common/errors.ts';
import { BangerCommand, type CommandHelp, flag, references } from '../command.ts';
import { Interrupts } from '../interrupts.ts';
import { LiveView } from '../output/live-view.ts';
import { jsonResult, report, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { describeTerminal, type Terminal } from '../output/terminal.ts';
import { usageAsJson, usageAsRow, usageHeader } from './usage.ts';

const refreshMs = 2_000;

export default class Stats extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[REF…] [OPTIONS]',
    details: [
      'Without references: all VMs that run. On a terminal the table is redrawn every two seconds until Ctrl-C, elsewhere it is printed once.',
      'CPU is of the host, 100% being one whole processor. MEMORY is used and total in the guest. DISK is what its disks take on the host, what the guest uses of them, and their size. NET is received and sent. A dash is what a guest that does not answer could not tell.',
    ],
    examples: [
      ['Watch all that run', 'vm stats'],
      ['One sample of two VMs', 'vm stats --once web db'],
      ['The memory of each, for a script', "vm stats --json | jq -r '.[] | [.name, .memory_used] | @tsv'"],
    ],
  };

  json = flag('--json', 'Print JSON, once');
  once = flag('--once', 'Print one sample also on a terminal');
  refs = references();

  async execute(): Promise<number> {
    using interrupts = new Interrupts();
    using client = await Client.connect();
    const { paths, status } = await this.#find(client);
    if (paths?.size === 0) return status;
    const terminal = describeTerminal(output.results);
    if (terminal.live && !this.once && !this.json) await watch(client, paths, terminal, interrupts.signal);
    else this.#print(await readUsage(client, paths), terminal);
    return status;
  }

  /** The VMs that are meant, nothing for all; what cannot be found is told and keeps the others from nothing. */
  async #find(client: Client): Promise<{ paths: Set<string> | undefined; status: number }> {
    if (this.refs.length === 0) return { paths: undefined, status: 0 };
    const paths = new Set<string>();
    let status = 0;
    for (const ref of this.refs) {
      try {
        paths.add(await client.manager.call('GetVM', ref));
      } catch (error) {
        report(getMessage(error));
        status = 1;
      }
    }
    return { paths, status };
  }

  #print(usages: VmUsage[], terminal: Terminal): void {
    if (this.json) jsonResult(usages.map(usageAsJson));
    else if (usages.length === 0) report('no VM runs; `banger vm start` boots one');
    else {
      result(tableOf(usages, terminal));
      for (const { name, state } of usages) if (state === 'frozen') report(frozen(name));
    }
  }
}

/** Explains why a guest could not be asked. */
function frozen(name: string): string {
  return `${name} is frozen, and its guest tells nothing; continue it with \`banger vm kill --signal CONT ${name}\``;
}

/** Draws the table over and over until the signal. That is how it is meant to end, so it is no failure. */
async function watch(
  client: Client,
  paths: ReadonlySet<string> | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const aborted = untilAbort(signal);
  let usages: VmUsage[] = [];
  using view = new LiveView(terminal, () => tableOf(usages, terminal));
  while (!signal.aborted) {
    // A guest that hangs is waited for by the daemon, but not by Ctrl-C.
    const seen = await Promise.race([readUsage(client, paths), aborted]);
    if (!seen) return;
    usages = seen;
    view.draw();
    await sleep(refreshMs, undefined, { signal }).catch(() => undefined);
  }
}

function tableOf(usages: readonly VmUsage[], terminal: Terminal): string {
  return formatTable(usageHeader, usages.map(usageAsRow), terminal);
}
