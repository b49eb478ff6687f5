import { BangerError } from '../../common/errors.ts';
import { kernelCommandLine } from '../command-line.ts';
import type { Drive, MachineSpec, NetworkInterface } from '../machine.ts';
import { checkedSocket } from '../sockets.ts';
import type { ApiRequest } from './api.ts';
import { vsockSocket } from './sockets.ts';

const mebibyte = 1024 * 1024;
/** MAX_SUPPORTED_VCPUS of Firecracker. */
const maxVcpus = 32;
/** Each guest has a vsock of its own behind a socket, so all may have the first address that is free to guests. */
const guestCid = 3;
/** Firecracker adds a word for each of its devices, `virtio_mmio.device=4K@0xd0000000:5`, of at most ten. */
const reserved = 400;

/**
 * What a guest's kernel is told of Firecracker. It ends when the guest resets it by the keyboard controller; it has no
 * power to switch off, so guest/init has whatever would power off restart. There is neither a PCI bus nor a mouse.
 */
const machineWords = [
  'reboot=k',
  'banger.off=reboot',
  'pci=off',
  'i8042.noaux',
  'i8042.nomux',
  'i8042.dumbkbd',
];

/** What a drive is called, by its place among the drives. */
export function firecrackerDriveId(index: number): string {
  return `drive${index}`;
}

/**
 * What has to be asked of a fresh Firecracker, in this order, to have the machine run.
 * @throws InvalidArgs if the machine cannot be had like that
 */
export function bootRequests(spec: MachineSpec): ApiRequest[] {
  if (spec.vcpus > maxVcpus) {
    throw new BangerError(
      'InvalidArgs',
      `a machine of Firecracker has at most ${maxVcpus} vCPUs, not ${spec.vcpus}`,
      { remedy: 'give it fewer, or set vmm = "qemu"' },
    );
  }
  return [
    put('/machine-config', { vcpu_count: spec.vcpus, mem_size_mib: spec.memoryBytes / mebibyte }),
    put('/boot-source', {
      kernel_image_path: spec.vmlinux,
      initrd_path: spec.initrd,
      boot_args: kernelCommandLine(machineWords, spec.commandLine, reserved),
    }),
    ...spec.drives.map(driveRequest),
    networkRequest(spec.network),
    put('/vsock', { guest_cid: guestCid, uds_path: checkedSocket(vsockSocket(spec.runtimeDirectory)) }),
    put('/entropy', {}),
    put('/actions', { action_type: 'InstanceStart' }),
  ];
}

/** Has the guest see that the file behind a drive has grown. */
export function rescanRequest(index: number, path: string): ApiRequest {
  const id = firecrackerDriveId(index);
  return { method: 'PATCH', path: `/drives/${id}`, body: { drive_id: id, path_on_host: path } };
}

/** The guest finds its drives in the order in which they are put; which one is its root is its initrd's to say. */
function driveRequest({ path, readonly }: Drive, index: number): ApiRequest {
  const id = firecrackerDriveId(index);
  return put(`/drives/${id}`, {
    drive_id: id,
    is_root_device: false,
    path_on_host: path,
    is_read_only: readonly,
    // By default it tells the guest that what it flushed is safe, and does nothing.
    ...(!readonly && { cache_type: 'Writeback' }),
  });
}

function networkRequest(network: NetworkInterface): ApiRequest {
  if (network.kind !== 'tap') {
    throw new BangerError('InvalidArgs', 'Firecracker has no user network of its own and needs a tap', {
      remedy: 'allow unprivileged user namespaces, or set vmm = "qemu"',
    });
  }
  return put('/network-interfaces/net', {
    iface_id: 'net',
    host_dev_name: network.name,
    guest_mac: network.mac,
  });
}

function put(path: string, body: Readonly<Record<string, unknown>>): ApiRequest {
  return { method: 'PUT', path, body };
}
