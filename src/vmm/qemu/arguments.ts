import { join } from 'node:path';
import type { Accelerator } from '../accelerator.ts';
import { kernelCommandLine } from '../command-line.ts';
import type { AgentChannel, MachineSpec, NetworkInterface } from '../machine.ts';
import { checkedSocket } from '../sockets.ts';
import { timeWords } from './time-words.ts';

/** What the host has for QEMU to use; see features.ts, accelerator.ts and tsc.ts. */
export interface QemuHost {
  /** The absolute path of qemu-system-x86_64. */
  binary: string;
  accelerator: Accelerator;
  /** The frequency of the time stamp counter; needed under TCG. */
  tscKhz: number | undefined;
  /** Whether QEMU can restrict its own system calls. */
  sandbox: boolean;
}

const agentChannels: readonly AgentChannel[] = ['control', 'query'];

/** The path of a machine's QMP socket. */
export function qmpSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'qmp.sock');
}

/** The host's end of a guest agent's port. */
export function agentSocket(runtimeDirectory: string, channel: AgentChannel): string {
  return join(runtimeDirectory, `${channel}.sock`);
}

/** What a drive is called, by its place among the drives. */
export function qemuDriveId(index: number): string {
  return `drive${index}`;
}

/** The arguments of a QEMU that boots the machine when it is started. */
export function qemuArguments(host: QemuHost, spec: MachineSpec): string[] {
  return [
    ...['-name', `guest=${escaped(`banger-${spec.id}`)}`],
    ...machineArguments(host, spec),
    ...['-kernel', spec.vmlinux, '-initrd', spec.initrd],
    ...['-append', kernelCommandLine(timeWords(host.accelerator, host.tscKhz), spec.commandLine)],
    ...['-chardev', `file,id=console,path=${escaped(spec.consoleFile)},append=on`],
    ...['-serial', 'chardev:console'],
    ...spec.drives.flatMap(({ path, readonly }, index) => driveArguments(index, path, readonly)),
    ...networkArguments(spec.network),
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=rng'],
    ...agentArguments(spec.runtimeDirectory),
    ...['-qmp', `unix:${socket(qmpSocket(spec.runtimeDirectory))},server=on,wait=off`],
    ...(host.sandbox ? ['-sandbox', sandboxOptions] : []),
  ];
}

/** What is denied to QEMU once it runs; it keeps opening files, which it needs for its drives. */
export const sandboxOptions = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/** The machine itself, without devices. */
export function machineArguments(
  host: Pick<QemuHost, 'accelerator'>,
  spec: Pick<MachineSpec, 'vcpus' | 'memoryBytes'>,
): string[] {
  return [
    ...['-M', 'microvm,acpi=on,pcie=off,rtc=on,isa-serial=on,auto-kernel-cmdline=off'],
    // A larger translation cache than 64 MB costs memory and wins no time.
    ...(host.accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi,tb-size=64', '-cpu', 'max']),
    ...['-smp', String(spec.vcpus), '-m', `size=${spec.memoryBytes / 1024}K`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ];
}

function driveArguments(index: number, path: string, readonly: boolean): string[] {
  const id = qemuDriveId(index);
  const options = `if=none,format=raw,aio=threads,discard=unmap,readonly=${readonly ? 'on' : 'off'}`;
  return [
    ...['-drive', `id=${id},file=${escaped(path)},${options}`],
    ...['-device', `virtio-blk-device,drive=${id},serial=${id}`],
  ];
}

function networkArguments(network: NetworkInterface): string[] {
  return ['-netdev', netdev(network), '-device', `virtio-net-device,netdev=net,mac=${network.mac}`];
}

function netdev(network: NetworkInterface): string {
  // Empty scripts: the tap is made and connected by whoever made the namespace.
  if (network.kind === 'tap') return `tap,id=net,ifname=${escaped(network.name)},script=no,downscript=no`;
  const { address, port, guestPort } = network.forward;
  const restrict = network.restricted ? ',restrict=on' : '';
  return `user,id=net,ipv6=off${restrict},hostfwd=tcp:${address}:${port}-${network.guestAddress}:${guestPort}`;
}

function agentArguments(runtimeDirectory: string): string[] {
  const ports = agentChannels.flatMap((channel) => [
    '-chardev',
    `socket,id=${channel},path=${socket(agentSocket(runtimeDirectory, channel))},server=on,wait=off`,
    '-device',
    `virtserialport,chardev=${channel},name=org.banger.${channel}`,
  ]);
  return ['-device', 'virtio-serial-device', ...ports];
}

function socket(path: string): string {
  return escaped(checkedSocket(path));
}

/** QEMU ends an option's value at a comma, and takes two for one. */
export function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
