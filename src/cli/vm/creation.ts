import type { OptionsOf } from '../../bus/interfaces.ts';
import type { Client, Vm } from '../../client/client.ts';
import { followJob } from '../../client/job.ts';
import { formatMemory, formatSize } from '../../common/units.ts';
import { BangerCommand, notEmpty, onOff, valueOption } from '../command.ts';
import { stageDisplay } from '../output/stages.ts';
import { output } from '../output/streams.ts';
import { terminalOf } from '../output/terminal.ts';
import { sizeOptions } from './size.ts';
import { note } from './warnings.ts';

/** What CreateVM is asked for. */
export interface CreationRequest {
  name: string;
  options: OptionsOf<'org.banger.Manager1', 'CreateVM'>;
}

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
  nat = onOff('--nat', 'Whether the guest reaches the outside; it does unless told otherwise');

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
  vm?: Vm;
  name: string;
}

/**
 * Makes a VM and shows how it comes up.
 * @param creation is told the VM as soon as there is one
 * @throws what CreateVM and its job fail with
 */
export async function createVm(
  client: Client,
  { name, options }: CreationRequest,
  creation: Creation,
  signal: AbortSignal,
): Promise<Vm> {
  const terminal = terminalOf(output.diagnostics);
  let made: Vm | undefined;
  const start = async () => {
    const [vmPath, job] = await client.manager.call('CreateVM', name, options);
    made = client.vm(vmPath);
    creation.vm = made;
    // A job that failed at once may have taken its VM with it; its own error is the one to tell.
    const spec = await made.getAll().catch(() => undefined);
    if (spec) {
      creation.name = spec.Name;
      const size = `${spec.VCPUs} vcpu · ${formatMemory(spec.Memory)} · ${formatSize(spec.DiskSize)} disk`;
      terminal.write(`spec: ${size}\n`);
    }
    return job;
  };
  await followJob(client, start, stageDisplay(terminal), signal);
  if (!made) throw new Error('the job of CreateVM ended without a VM');
  return made;
}

/** Says what is worse than it could be on this machine, once the VM runs. */
export async function announceLimits(vm: Vm): Promise<void> {
  const { Accelerator, Network, Name, Warnings } = await vm.getAll();
  const limits = [
    Accelerator === 'tcg' &&
      'without hardware virtualisation this VM is slower; `banger doctor` says what is missing',
    Network === 'user-unconfined' &&
      'the network of this VM is not confined to a namespace; `banger doctor` says why',
  ];
  for (const limit of [...limits, ...Warnings]) if (limit) note(Name, limit);
}
