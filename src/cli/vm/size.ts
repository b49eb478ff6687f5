import type { OptionsOf } from '../../client/contract.ts';
import { parseCount, parseSize } from '../../common/units.ts';

/** The size of a VM as options of the API. @throws InvalidArgs */
export function sizeOptions(given: {
  vcpu: string | undefined;
  memory: string | undefined;
  diskSize: string | undefined;
}): Pick<OptionsOf<'org.banger.VM1', 'Set'>, 'vcpus' | 'memory' | 'disk_size'> {
  return {
    ...(given.vcpu !== undefined && { vcpus: parseCount(given.vcpu, '--vcpu') }),
    ...(given.memory !== undefined && { memory: parseSize(given.memory, '--memory') }),
    ...(given.diskSize !== undefined && { disk_size: parseSize(given.diskSize, '--disk-size') }),
  };
}
