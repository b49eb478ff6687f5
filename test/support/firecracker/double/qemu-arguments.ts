import { type Configuration, orderedDrives } from './configuration.ts';
import { vsockName } from './vsock.ts';

/** The file descriptor of QEMU over which it and the double talk; see process/main.c. */
const monitorFd = 3;

/**
 * The machine that is most like Firecracker's: virtio over MMIO, ACPI, one serial port and a keyboard controller, by
 * which Ctrl-Alt-Del comes and a restart ends it.
 * @param tscKhz the frequency of the host's time stamp counter; without it guests hang at random when it is translated
 */
export function qemuArguments(configuration: Configuration, tscKhz: number): string[] {
  const { machine, boot, networks, vsock, serialPath, balloon, hasEntropy } = configuration;
  const time = `no_timer_check tsc_early_khz=${tscKhz} tsc=reliable`;
  return [
    ...['-M', 'microvm,acpi=on,pcie=off,rtc=on,isa-serial=on,auto-kernel-cmdline=off,memory-backend=ram'],
    // The program that is the vsock reads and writes the guest's memory, too.
    ...['-object', `memory-backend-memfd,id=ram,size=${machine.mem_size_mib}M,share=on`],
    ...['-accel', 'tcg,thread=multi,tb-size=64', '-cpu', 'max'],
    ...['-smp', String(machine.vcpu_count), '-m', `${machine.mem_size_mib}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    // The double ends the machine itself, and only for what Firecracker ends for.
    ...['-action', 'reboot=shutdown,shutdown=pause,panic=none'],
    ...['-kernel', boot?.kernel_image_path ?? ''],
    ...(boot?.initrd_path ? ['-initrd', boot.initrd_path] : []),
    ...['-append', `${boot?.boot_args ?? 'reboot=k panic=1 nomodule'} ${time}`],
    ...[
      '-chardev',
      serialPath ? `file,id=console,path=${escaped(serialPath)}` : 'stdio,id=console,signal=off',
    ],
    ...['-serial', 'chardev:console', '-device', 'i8042'],
    ...orderedDrives(configuration).flatMap(({ path_on_host, is_read_only, drive_id }, index) => [
      '-drive',
      `id=${driveName(index)},file=${escaped(path_on_host)},if=none,format=raw,aio=threads,discard=unmap,readonly=${is_read_only ? 'on' : 'off'}`,
      '-device',
      `virtio-blk-device,drive=${driveName(index)},serial=${drive_id}`,
    ]),
    ...[...networks.values()].flatMap(({ host_dev_name, guest_mac }, index) => [
      '-netdev',
      `tap,id=net${index},ifname=${escaped(host_dev_name)},script=no,downscript=no`,
      '-device',
      `virtio-net-device,netdev=net${index}${guest_mac ? `,mac=${guest_mac}` : ''}`,
    ]),
    ...(hasEntropy
      ? ['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=rng']
      : []),
    ...(balloon
      ? [
          '-device',
          `virtio-balloon-device,id=balloon,deflate-on-oom=${balloon.deflate_on_oom ? 'on' : 'off'}`,
        ]
      : []),
    ...(vsock
      ? [
          '-chardev',
          `socket,id=vsock,path=${vsockName},abstract=on`,
          '-device',
          'vhost-user-vsock-device,chardev=vsock',
        ]
      : []),
    ...['-chardev', `socket,id=monitor,fd=${monitorFd}`, '-mon', 'chardev=monitor,mode=control'],
  ];
}

/** What QEMU calls a drive, by its place. */
export function driveName(index: number): string {
  return `drive${index}`;
}

/** QEMU ends an option's value at a comma, and takes two for one. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
