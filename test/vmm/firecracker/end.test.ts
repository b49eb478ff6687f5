import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lastWords, machineEnd } from '../../../src/vmm/end.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** As Firecracker 1.14.2 wrote them. */
const started =
  '2026-11-26T03:58:35.936045439 [trial:fc_vcpu 1] Received a VcpuEvent::Resume message with immediate_exit enabled. immediate_exit was disabled before proceeding';
const failed = '2026-11-26T04:06:02.224018133 [t:fc_vcpu 0] Received KVM_EXIT_INTERNAL_ERROR signal';
const clean = { clean: true, how: 'exited with status 0' };

test('a Firecracker whose vCPU failed has failed, although it exits with status 0', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'vmm.log');
  const console = join(directory, 'console.log');
  writeFileSync(console, '[    9.123456] reboot: Restarting system\r\nBANGER-OFF\r\n');
  const end = async (lines: string[], how = clean, vmm: 'firecracker' | 'qemu' = 'firecracker') => {
    writeFileSync(log, lines.map((line) => `${line}\n`).join(''));
    return await machineEnd(how, vmm, { vmmLog: log, console });
  };
  assert.deepEqual(await end([started, failed]), {
    clean: false,
    how: 'exited with status 0 because a vCPU failed (Received KVM_EXIT_INTERNAL_ERROR signal)',
  });
  for (const line of ['Received KVM_EXIT_FAIL_ENTRY signal: 1, on cpu 0', 'Failure during vcpu run: EFAULT'])
    assert.equal((await end([line])).how, `exited with status 0 because a vCPU failed (${line})`);
  const off = { ...clean, guest: { kind: 'off' } };
  assert.deepEqual(await end([started]), off, 'a guest that ended by itself');
  assert.deepEqual(await end([]), off);
  const killed = { clean: false, how: 'was killed by SIGKILL' };
  assert.equal(await end([started], killed), killed);
  assert.deepEqual(await end([failed], clean, 'qemu'), off, 'another VMM');
});

test('what it says at every start are nobody\u2019s last words', async (t) => {
  const log = join(temporaryDirectory(t), 'vmm.log');
  writeFileSync(log, `${failed}\n${started}\n`);
  assert.equal(await lastWords(log, 1, 300), failed);
  writeFileSync(log, `${started}\n`);
  assert.equal(await lastWords(log, 2, 300), '');
});
