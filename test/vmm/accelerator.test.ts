import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chooseAccelerator, kvmObstacle } from '../../src/vmm/accelerator.ts';
import { probeKvm } from '../../src/vmm/qemu/kvm-probe.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string, mode = 0o644): string {
  const path = join(directory, name);
  writeFileSync(path, text, { mode });
  return path;
}

const able = file('able', 'flags\t\t: fpu vmx sse\n');
const unable = file('unable', 'flags\t\t: fpu sse xvmx\nvmx flags\t: vnmi\n');
const device = file('kvm', '');

test('the processor is asked first, then the device', () => {
  assert.match(kvmObstacle(unable, device)?.problem ?? '', /neither vmx nor svm/);
  assert.match(kvmObstacle(able, join(directory, 'absent'))?.problem ?? '', /there is no/);
  assert.equal(kvmObstacle(able, device), undefined);
});

test('a guest decides, once per boot and per kernel', async () => {
  let probes = 0;
  const outcomes = ['it said nothing within 3 s', undefined];
  const question = {
    runtimeDirectory: directory,
    obstacle: () => undefined,
    probe: async () => outcomes[probes++],
    probeFiles: [device],
  };
  const refused = await chooseAccelerator(question);
  assert.equal(refused.accelerator, 'tcg');
  assert.match(refused.reason, /said nothing within 3 s/);
  assert.deepEqual(await chooseAccelerator(question), refused);
  assert.equal(probes, 1);
  assert.equal((await chooseAccelerator({ ...question, probeFiles: [able] })).accelerator, 'kvm');
  assert.equal(probes, 2);
});

test('an obstacle makes a guest needless', async () => {
  const choice = await chooseAccelerator({
    runtimeDirectory: directory,
    obstacle: () => ({ problem: 'there is no /dev/kvm' }),
    probe: () => assert.fail('a guest was tried'),
    probeFiles: [],
  });
  assert.deepEqual(choice, { accelerator: 'tcg', reason: 'there is no /dev/kvm' });
});

const guest = { vmlinux: '/k', initrd: '/i' };

test('a guest that stalls, dies or speaks is told apart, and none holds us up', async () => {
  const stalls = file('stalls', '#!/bin/sh\ntrap "" TERM\nwhile :; do sleep 0.1; done\n', 0o755);
  const dies = file('dies', '#!/bin/sh\necho "failed to \x1b initialize kvm" >&2; exit 1\n', 0o755);
  const speaks = file('speaks', '#!/bin/sh\necho "early words"; echo "BANGER-PROBE ok"\n', 0o755);
  const began = performance.now();
  assert.match((await probeKvm({ ...guest, binary: stalls })) ?? '', /said nothing within/);
  assert.ok(performance.now() - began < 5_500);
  assert.equal(await probeKvm({ ...guest, binary: dies }), 'it ended with "failed to ? initialize kvm"');
  assert.equal(await probeKvm({ ...guest, binary: speaks }), undefined);
  assert.match((await probeKvm({ ...guest, binary: '/nonexistent' })) ?? '', /not installed/);
});
