import type { MachineSpec } from '../../src/vmm/machine.ts';

/** A machine as tests want it, with what they change. */
export function spec(changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: 'test',
    vcpus: 2,
    memoryBytes: 256 * 1024 * 1024,
    vmlinux: '/k/vmlinux',
    initrd: '/k/initrd',
    commandLine: ['banger.ip=10.0.2.100/24'],
    drives: [{ path: '/d/base', readonly: true }],
    network: { kind: 'tap', name: 'vmtap0', mac: '52:54:00:00:00:01' },
    runtimeDirectory: '/run/m',
    consoleFile: '/run/m/console',
    ...changes,
  };
}
