import type { NameIn, PropertiesOf } from '../bus/interfaces.ts';
import type { Implementation } from '../bus/server.ts';
import type { VmRecord } from '../store/vms.ts';
import { connectionOf } from '../vm/connection.ts';
import { defaultStopMs } from '../vm/operations.ts';
import { stateOf, unitOf } from '../vm/vm.ts';
import { prepare } from '../vm/workspace.ts';
import { readOptions } from './options.ts';
import { jobPath } from './paths.ts';
import type { Services } from './services.ts';

/** The properties of a VM that follow from each column of its record. */
export const propertiesFrom: Partial<Record<keyof VmRecord, NameIn<PropertiesOf<'org.banger.VM1'>>[]>> = {
  operation: ['State'],
  supervised: ['State'],
  lastError: ['State', 'LastError'],
  startedAt: ['StartedAt'],
  address: ['Address'],
  network: ['Network'],
  accelerator: ['Accelerator'],
  kernelId: ['Kernel'],
};

/** org.banger.VM1 */
export function vmObject(services: Services, id: string): Implementation<'org.banger.VM1'> {
  const { vms, operations } = services;
  const vm = () => vms.get(id);
  return {
    methods: {
      Start: (_caller, options) => {
        readOptions({}, options);
        return jobPath(operations.start(id));
      },
      Stop: (_caller, options) => {
        const { timeout } = readOptions({ timeout: 'integer' }, options);
        return jobPath(operations.stop(id, timeout === undefined ? defaultStopMs : timeout / 1000));
      },
      Delete: (_caller, options) => {
        const { force = false } = readOptions({ force: 'boolean' }, options);
        return jobPath(operations.delete(id, force));
      },
      PrepareWorkspace: (_caller, source, options) => {
        const given = readOptions(
          { guest_path: 'string', branch: 'string', from: 'string', bootstrap: 'boolean' },
          options,
        );
        const request = {
          source,
          guestPath: given.guest_path,
          branch: given.branch,
          from: given.from,
          bootstrap: given.bootstrap ?? false,
        };
        return jobPath(operations.use(id, 'workspace', (context, work) => prepare(context, request, work)));
      },
      SSH: async () => {
        const connection = await connectionOf(operations.contextOf(id));
        return {
          host: connection.host,
          port: connection.port,
          user: connection.user,
          identity_file: connection.identityFile,
          known_hosts_file: connection.knownHostsFile,
          host_key_alias: connection.hostKeyAlias,
        };
      },
    },
    properties: {
      Id: () => id,
      Name: () => vm().name,
      State: () => stateOf(vm()),
      Image: () => vm().image,
      Kernel: () => services.kernels.list().find((kernel) => kernel.id === vm().kernelId)?.name ?? '',
      VCPUs: () => vm().vcpus,
      Memory: () => vm().memoryBytes,
      DiskSize: () => vm().diskBytes,
      Address: () => vm().address,
      HostName: () => `${vm().name}.vm`,
      Unit: () => unitOf(id),
      VMM: () => vm().vmm,
      Accelerator: () => vm().accelerator,
      Network: () => vm().network,
      CreatedAt: () => vm().createdAt,
      StartedAt: () => vm().startedAt,
      LastError: () => vm().lastError,
    },
  };
}
