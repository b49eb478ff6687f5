import assert from 'node:assert/strict';
import { buildDouble } from './firecracker/launcher.ts';

/** What VMs of a test run in: QEMU, or Firecracker, of which there is a double. */
export type TestVmm = { vmm: 'qemu' } | { vmm: 'firecracker'; bin: string };

/** The VMM of the guest tests, from BANGER_TEST_VMM: `qemu`, which is the default, or `firecracker`. */
export function testVmm(): TestVmm {
  const { BANGER_TEST_VMM: vmm = 'qemu' } = process.env;
  if (vmm === 'firecracker') return { vmm, bin: buildDouble() };
  assert.equal(vmm, 'qemu', 'BANGER_TEST_VMM is qemu or firecracker');
  return { vmm };
}

/** What the configuration of a user says to have VMs in it. */
export function vmmSettings(choice: TestVmm): string {
  return choice.vmm === 'qemu' ? '' : `vmm = "firecracker"\nfirecracker_bin = "${choice.bin}"\n`;
}
