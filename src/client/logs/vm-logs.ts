import { dirname } from 'node:path';
import { journalField } from '../../logs/journal-fields.ts';
import type { LogSource } from '../../logs/log-file.ts';
import type { Client, VmProxy } from '../client.ts';
import { unitMatches } from './journal.ts';

/** What there is to read of a VM. */
export interface VmLogs {
  name: string;
  /** What the guest's kernel and init print. */
  console: LogSource;
  vmm: LogSource;
  /** What systemd, the VMM and bangerd told the journal since the last start; nothing where the VM is no unit. */
  journal: LogSource | undefined;
  /** Finds out whether the VM was deleted, so that nothing more is to come. */
  isDeleted(): Promise<boolean>;
}

/** Opens the logs of a VM, also of one that is stopped or failed. @throws what a call throws */
export async function openVmLogs({ host }: Pick<Client, 'host'>, vm: VmProxy): Promise<VmLogs> {
  const [{ Name: name, Id: id }, places, [lastStart]] = await Promise.all([
    vm.getAll(),
    vm.call('Logs'),
    vm.call('Starts'),
  ]);
  const { console_file, vmm_log_file, unit }: Record<string, unknown> = places;
  const consoleFile = String(console_file);
  const [since] = lastStart ?? [];
  return {
    name,
    console: await host.openLog(consoleFile),
    vmm: await host.openLog(String(vmm_log_file)),
    journal: unit
      ? await host.openJournal(matchesOf(String(unit), id), since === undefined ? {} : { since })
      : undefined,
    async isDeleted() {
      // A VM keeps its directory, where its console is, until it is deleted; one that is just being made has none yet.
      if ((await host.findChangeTime(dirname(consoleFile))) !== undefined) return false;
      return await vm.get('State').then(
        () => false,
        () => true,
      );
    },
  };
}

function matchesOf(unit: string, id: string): string[] {
  // Of a process that ended before the journal looked at it, it knows the identifier and not the unit.
  const identifier = unit.replace(/\.service$/, '');
  const others = [`SYSLOG_IDENTIFIER=${identifier}`, `${journalField('vm')}=${id}`];
  return [...unitMatches(unit), ...others.flatMap((match) => ['+', match])];
}
