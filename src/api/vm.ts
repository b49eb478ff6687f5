import type { ChangingOf, RowsOf } from '../bus/interfaces.ts';
import { toRow } from '../bus/rows.ts';
import type { Implementation } from '../bus/server.ts';
import { Typed } from '../bus/values.ts';
import { printable } from '../common/text.ts';
import type { VmField } from '../store/vm.ts';
import { getControlPath, getSshConnection } from '../vm/connection.ts';
import { getVmState } from '../vm/operation/state.ts';
import { defaultStopMs } from '../vm/operations.ts';
import type { PortView } from '../vm/ports.ts';
import { formatProgramName } from '../vm/program.ts';
import { jobPath } from './paths.ts';
import type { Services } from './services.ts';

type Changing = ChangingOf<'org.banger.VM1'>;

/** The fields of a VM that each property which changes follows from. */
const sourcesOf: { readonly [P in Changing]: readonly [VmField, ...VmField[]] } = {
  State: ['operation', 'program', 'lastError', 'isFrozen'],
  Kernel: ['kernelId'],
  VCPUs: ['vcpus'],
  Memory: ['memoryBytes'],
  DiskSize: ['diskBytes'],
  Address: ['ssh'],
  VMM: ['vmm'],
  Accelerator: ['accelerator'],
  Network: ['network'],
  NAT: ['nat'],
  Reasons: ['reasons'],
  StartedAt: ['startedAt'],
  LastError: ['lastError'],
  Warnings: ['warnings'],
  Ephemeral: ['owner'],
};

/** Finds the properties of a VM that follow from some of its fields. */
export function propertiesFrom(fields: readonly VmField[]): Changing[] {
  const names = Object.keys(sourcesOf) as Changing[];
  return names.filter((name) => sourcesOf[name].some((field) => fields.includes(field)));
}

/** org.banger.VM1 */
export function vmObject(services: Services, id: string): Implementation<'org.banger.VM1'> {
  const { vms, operations, monitor, upkeep } = services;
  const vm = () => vms.get(id);
  const unit = () => operations.contextOf(id).host.supervisor.unitOf(formatProgramName(id));
  return {
    methods: {
      Start: () => jobPath(operations.start(id)),
      Stop: (_caller, { timeout }) => jobPath(operations.stop(id, stopMs(timeout))),
      Restart: (_caller, { timeout }) => jobPath(operations.restart(id, stopMs(timeout))),
      Kill: (_caller, signal) => jobPath(operations.kill(id, signal)),
      Set: (_caller, { vcpus, memory, disk_size, nat }) =>
        jobPath(operations.set(id, { vcpus, memoryBytes: memory, diskBytes: disk_size, nat })),
      Keep: (caller) => operations.keep(id, services.ownerOf(caller.sender)),
      Delete: (_caller, { force = false }) => jobPath(operations.delete(id, force)),
      PrepareWorkspace: (_caller, source, options) => {
        const request = {
          source,
          guestPath: options.guest_path,
          branch: options.branch,
          from: options.from,
          bootstrap: options.bootstrap ?? false,
        };
        return jobPath(operations.prepareWorkspace(id, request));
      },
      SSH: async () => {
        const connection = await getSshConnection(operations.contextOf(id));
        upkeep.stale.want(id);
        return {
          host: connection.host,
          port: connection.port,
          user: connection.user,
          identity_file: connection.identityFile,
          known_hosts_file: connection.knownHostsFile,
          host_key_alias: connection.hostKeyAlias,
          control_path: getControlPath(vms.getVmFiles(id)),
        };
      },
      Stats: async () => typedStats(await monitor.measureStats(id)),
      Ports: async () =>
        (await upkeep.ports.tell(id)).map((port) => toRow('org.banger.VM1', 'Ports', portFields(port))),
      Logs: () => {
        const files = vms.getVmFiles(vms.get(id).id);
        return { console_file: files.console, vmm_log_file: files.vmmLog, unit: unit() };
      },
      Starts: () =>
        vms.startsOf(id).map(({ beganAt, result, stages }) =>
          toRow('org.banger.VM1', 'Starts', {
            began_at: beganAt,
            result,
            stages: stages.map(([stage, took]): [string, number] => [stage, took]),
          }),
        ),
    },
    properties: {
      Id: () => id,
      Name: () => vm().name,
      State: () => getVmState(vm()),
      Image: () => vm().image,
      Kernel: () => services.kernels.list().find((kernel) => kernel.id === vm().kernelId)?.name ?? '',
      VCPUs: () => vm().vcpus,
      Memory: () => vm().memoryBytes,
      DiskSize: () => vm().diskBytes,
      Address: () => vm().ssh?.address ?? '',
      HostName: () => `${vm().name}.vm`,
      Unit: unit,
      VMM: () => vm().vmm ?? '',
      Accelerator: () => vm().run?.accelerator ?? '',
      Network: () => vm().run?.network ?? '',
      WantedNetwork: () => vm().wantedNetwork,
      NAT: () => vm().nat,
      Reasons: () => ({ ...vm().reasons }),
      CreatedAt: () => vm().createdAt,
      StartedAt: () => vm().run?.startedAt ?? 0,
      LastError: () => printable(vm().lastError ?? ''),
      Warnings: () => vm().warnings.map((text) => printable(text)),
      Ephemeral: () => vm().owner !== undefined,
    },
  };
}

/** Gets how long a guest may take to power off, in milliseconds; in µs on the bus. */
function stopMs(timeout: number | undefined): number {
  return timeout === undefined ? defaultStopMs : timeout / 1000;
}

/** A listener as the contract has it. */
function portFields(view: PortView): RowsOf<'org.banger.VM1'>['Ports'] {
  return {
    protocol: view.protocol,
    guest_address: view.address,
    port: view.port,
    host_address: view.host?.address ?? '',
    host_port: view.host?.port ?? 0,
    scheme: view.scheme ?? '',
    process: view.owner?.process ?? '',
    command: view.owner?.command ?? '',
    pid: view.owner?.pid ?? 0,
    obstacle: view.obstacle ?? '',
    taken_by: view.takenBy ?? '',
  };
}

/** Figures as the contract has their types; those that are not named here are `t`, as every whole number. */
function typedStats({ cpu, connections, ...others }: Record<string, number>): Record<string, number | Typed> {
  return {
    ...others,
    ...(cpu !== undefined && { cpu: new Typed('d', cpu) }),
    ...(connections !== undefined && { connections: new Typed('u', connections) }),
  };
}
