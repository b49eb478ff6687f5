import { lookup } from 'node:dns/promises';
import { Client } from '../../client/client.ts';
import { fromRow, type RowsOf } from '../../client/contract.ts';
import { printable } from '../../common/text.ts';
import { Option } from '../clipanion.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatTable } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';

/** How long a resolver may take to know the VM by its name. */
const lookupMs = 500;

/** What listens in a guest. */
type Listener = RowsOf<'org.banger.VM1'>['Ports'];

export default class Ports extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: 'REF [OPTIONS]',
    details: [
      'What listens in the guest, and how to reach it from here. Web servers are shown as links, after they were asked whether they are some; by the name of the VM where that leads to it.',
      'Without bridged networking, ports from 1024 on are forwarded as long as they listen, on the same number of the address of the VM. A port that something else on the host has is not, and that is named.',
    ],
    examples: [
      ['What there is to open', 'vm ports web'],
      ['The links of its web servers, for a script', "vm ports web --json | jq -r '.[].url // empty'"],
    ],
  };

  json = flag('--json', 'Print JSON');
  ref = Option.String({ name: 'REF' });

  async execute(): Promise<undefined> {
    using client = await Client.connect();
    const vm = await client.findVm(this.ref);
    const [ports, { Address, HostName }] = await Promise.all([vm.call('Ports'), vm.getAll()]);
    const listeners = ports.map((port) => fromRow('org.banger.VM1', 'Ports', port));
    const host = (await leadsTo(HostName, Address)) ? HostName : Address;
    if (this.json) {
      jsonResult(listeners.map((listener) => asJson(listener, host)));
      return;
    }
    const rows = listeners.map((listener) => {
      const { protocol, process, command } = listener;
      return [protocol, endpointOf(listener, host), process, command];
    });
    const header = ['PROTO', 'ENDPOINT', 'PROCESS', 'COMMAND'];
    result(formatTable(header, rows, describeTerminal(output.results)));
  }
}

/** Checks whether a name is one by which programs of this host find a VM. */
async function leadsTo(name: string, address: string): Promise<boolean> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), lookupMs).unref();
  });
  const found = await Promise.race([lookup(name, { family: 4 }).catch(() => undefined), late]);
  return found?.address === address;
}

/** Formats the URL of a web server. @returns nothing for what is none */
export function formatUrl(
  { host_port: hostPort, scheme }: Pick<Listener, 'host_port' | 'scheme'>,
  host: string,
): string | undefined {
  if (scheme === '') return undefined;
  const isUsual = hostPort === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host}${isUsual ? '' : `:${hostPort}`}/`;
}

/** How to reach a listener, or where it is and why it is not reached. */
function endpointOf(listener: Listener, host: string): string {
  const { guest_address: there, port, host_address: here } = listener;
  if (here !== '') return formatUrl(listener, host) ?? `${here}:${listener.host_port}`;
  const place = there.includes(':') ? `[${there}]:${port}` : `${there}:${port}`;
  return `${place} (${whyNot(listener.obstacle, listener.taken_by)})`;
}

function whyNot(obstacle: string, takenBy: string): string {
  const reasons: Readonly<Record<string, string>> = {
    'guest-only': 'in the guest only',
    privileged: 'ports below 1024 are not forwarded',
    taken: `not reached: ${printable(takenBy) || 'another program of this host'} has the port`,
    'too-many': 'not reached: too many ports are forwarded',
    'no-forwards': 'not reached: this network forwards no ports',
  };
  return reasons[obstacle] ?? obstacle;
}

function asJson(listener: Listener, host: string) {
  return {
    protocol: listener.protocol,
    port: listener.port,
    guest_address: listener.guest_address,
    endpoint: listener.host_address === '' ? null : `${listener.host_address}:${listener.host_port}`,
    url: formatUrl(listener, host) ?? null,
    process: listener.process || null,
    command: listener.command || null,
    pid: listener.pid || null,
    obstacle: listener.obstacle || null,
    taken_by: listener.taken_by || null,
  };
}
