import type { Client, VmProperties, VmProxy } from '../../client/client.ts';
import { type CreationObserver, type CreationRequest, requestVm } from '../../client/creation.ts';
import { formatMemory, formatSize } from '../../common/units.ts';
import { BangerCommand, notEmpty, onOff, valueOption } from '../command.ts';
import { stageDisplay } from '../output/stages.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';
import { sizeOptions } from './size.ts';
import { note } from './warnings.ts';

/** The options that say what a new VM is to be. */
export abstract class CreationCommand extends BangerCommand {
  name = valueOption('--name', 'NAME', 'A name of letters, digits and hyphens; otherwise one is made up');
  image = valueOption(
    '--image',
    'IMAGE',
    'The image to make it from; made first if it is not here',
    'default_image_name',
  );
  vcpu = valueOption('--vcpu', 'N', 'Virtual CPUs', 'vm_defaults.vcpu');
  memory = valueOption('--memory', 'SIZE', 'Memory, such as 2G or 1536M', 'vm_defaults.memory');
  diskSize = valueOption(
    '--disk-size',
    'SIZE',
    'Size of the disk at /root, such as 20G; it takes only what is used',
    'vm_defaults.disk_size',
  );
  network = valueOption(
    '--network',
    'MODE',
    'auto, user, bridge (a real address, by banger-netd) or none (ssh and nothing else)',
    'network',
  );
  nat = onOff('--nat', 'Whether the guest reaches the outside; it does by default');

  /** @throws UsageProblem, InvalidArgs */
  protected request(): CreationRequest {
    const image = notEmpty(this.image, '--image');
    const network = notEmpty(this.network, '--network');
    return {
      name: notEmpty(this.name, '--name') ?? '',
      options: {
        ...(image !== undefined && { image }),
        ...sizeOptions(this),
        ...(network !== undefined && { network }),
        ...(this.nat !== undefined && { nat: this.nat }),
      },
    };
  }
}

/** A VM that is being made. Its object is known before it is ready, and after it failed. */
export interface Creation {
  vm?: VmProxy;
  name: string;
}

/**
 * Makes a VM and shows how it comes up.
 * @param creation is told the VM as soon as there is one
 * @returns its properties at the end
 * @throws what CreateVM and its job fail with
 */
export async function makeVm(
  client: Client,
  request: CreationRequest,
  creation: Creation,
  signal: AbortSignal,
): Promise<{ vm: VmProxy; properties: VmProperties }> {
  const terminal = describeTerminal(output.diagnostics);
  const stages = stageDisplay(terminal);
  const observer: CreationObserver = {
    made: (vm) => {
      creation.vm = vm;
    },
    described: ({ Name, VCPUs, Memory, DiskSize }) => {
      creation.name = Name;
      terminal.write(`spec: ${VCPUs} vcpu · ${formatMemory(Memory)} · ${formatSize(DiskSize)} disk\n`);
    },
    stage: (name, progress) => stages.stage(name, progress),
    cancelling: () => stages.cancelling(),
    end: (succeeded) => stages.end(succeeded),
  };
  return await requestVm(client, request, observer, signal);
}

/** Says what is worse than it could be on this machine, once the VM runs. */
export function announceLimits({ Accelerator, Network, Name, Warnings }: VmProperties): void {
  const limits = [
    Accelerator === 'tcg' &&
      'without hardware virtualisation this VM is slower; `banger doctor` says what is missing',
    Network === 'user-unconfined' &&
      'the network of this VM is not confined to a namespace; `banger doctor` says why',
  ];
  for (const limit of [...limits, ...Warnings]) if (limit) note(Name, limit);
}
