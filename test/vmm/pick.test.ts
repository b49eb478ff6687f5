import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import type { AcceleratorChoice } from '../../src/vmm/accelerator.ts';
import { pickVmm, type VmmNeeds } from '../../src/vmm/pick.ts';

const works: AcceleratorChoice = { accelerator: 'kvm', reason: 'a guest ran' };
const fails: AcceleratorChoice = { accelerator: 'tcg', reason: 'there is no /dev/kvm' };
const missing = new BangerError('HostNotReady', 'firecracker is not installed', { remedy: 'install it' });

async function picked(
  configured: Parameters<typeof pickVmm>[0],
  kvm: AcceleratorChoice | 'not asked',
  firecracker: string | BangerError,
  wish: VmmNeeds = {},
): Promise<string> {
  const { vmm, reason } = await pickVmm(configured, wish, {
    kvm: async () => (kvm === 'not asked' ? assert.fail('KVM was probed') : kvm),
    firecracker: () =>
      typeof firecracker === 'string' ? Promise.resolve(firecracker) : Promise.reject(firecracker),
  });
  return `${vmm}: ${reason}`;
}

test('by itself a VM gets Firecracker where KVM works and it is there, else QEMU', async () => {
  assert.equal(await picked('auto', works, '1.14.2'), 'firecracker: KVM works; version 1.14.2');
  assert.equal(
    await picked('auto', works, missing),
    'qemu: KVM works, but there is no Firecracker: firecracker is not installed; install it',
  );
  const without = 'qemu: KVM is not used because there is no /dev/kvm';
  assert.equal(await picked('auto', fails, '1.14.2'), without);
  assert.equal(await picked('auto', fails, missing), without);
  assert.equal(await picked('auto', works, '1.14.2', { needsQemu: 'no tap' }), 'qemu: no tap');
});

test('what is configured is insisted on, and Firecracker then not kept from KVM by a probe', async () => {
  const said = 'the configuration has vmm =';
  assert.equal(
    await picked('firecracker', 'not asked', '1.8.0'),
    `firecracker: ${said} "firecracker"; version 1.8.0`,
  );
  await assert.rejects(picked('firecracker', 'not asked', missing), missing);
  await assert.rejects(picked('firecracker', 'not asked', '1.8.0', { needsQemu: 'it has no tap' }), {
    code: 'HostNotReady',
    message: /cannot run in Firecracker: it has no tap/,
  });
  assert.equal(
    await picked('qemu', works, '1.14.2'),
    `qemu: ${said} "qemu"; KVM is used because a guest ran`,
  );
});

test('a VM keeps its VMM, whatever is configured', async () => {
  const kept = { kept: 'firecracker' } as const;
  assert.equal(
    await picked('qemu', 'not asked', '1.9.0', kept),
    'firecracker: it had it before; version 1.9.0',
  );
  await assert.rejects(picked('auto', 'not asked', missing, kept), missing);
  assert.match(
    await picked('firecracker', works, '1.9.0', { kept: 'qemu' }),
    /^qemu: it had it before; KVM is used/,
  );
});

test('an unexpected error is passed on as it is', async () => {
  const broken = new BangerError('Timeout', 'it hangs');
  await assert.rejects(picked('auto', works, broken), broken);
});
