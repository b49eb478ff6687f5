/** VMMs that go wrong in a unit: one that ends at once, one that hangs, one that dies in the middle of a boot. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type GuestUser, openGuestHost } from './support/guests.ts';

const vmm = '/home/alice/bin/vmm';
let alice: GuestUser;
before(async () => {
  alice = await openGuestHost('alice', {}, 'tiny');
  await alice.says('mkdir', '-p', 'bin', '.config/banger');
  const config = '/home/alice/.config/banger/config.toml';
  await alice.says('sh', '-c', `echo 'qemu_bin = "${vmm}"' >${config}; chmod 600 ${config}`);
});
after(() => alice.host.close());

/** What the VMM does when it shall be a machine; asked what it can do, it is the real one. */
function beA(machine: string): void {
  const script = `#!/bin/sh
    for word; do [ "$word" != -S ] || exec /usr/bin/qemu-system-x86_64 "$@"; done
    ${machine}`;
  const path = alice.host.path(vmm);
  writeFileSync(path, script);
  chmodSync(path, 0o755);
}

/** Makes a VM, which must fail and be kept, with one line that says why; deletes it; nothing of it may be left. */
async function assertFails(says: RegExp): Promise<void> {
  const { status, stdout, stderr } = await alice.run(['vm', 'create', '--name', 'web']);
  assert.deepEqual([status, stdout.toString()], [1, '']);
  const [line = '', ...others] = stderr.split('\n').filter((each) => each.startsWith('banger: '));
  assert.match(line, says);
  assert.deepEqual(others, []);
  const { id, state, last_error: error } = await alice.show('web');
  assert.deepEqual([state, `banger: ${error}`], ['failed', line]);
  assert.deepEqual(await alice.host.units('banger-vm-*', 'alice'), []);
  assert.deepEqual(await alice.host.files(`/run/user/1000/banger/vms/${id}`), []);
  const left = (await alice.host.processes('alice')).filter(({ args }) => args.includes(id));
  assert.deepEqual(left, []);
  await alice.assertCleanDisks(id);
  await alice.banger('vm', 'delete', '--yes', 'web');
}

test('a VMM that exits at once is reported with its last output', async () => {
  beA('echo "out of luck" >&2; exit 3');
  await assertFails(/^banger: QEMU ended before its machine ran: out of luck/);
});

test('a VMM that hangs is given up after its time, and one more try', async () => {
  beA('trap "" TERM; while :; do sleep 1; done');
  await assertFails(/^banger: QEMU did not start within 20 s/);
});

test('a VMM that is killed during a boot is reported with the signal, and the next start works', async () => {
  beA('/usr/bin/qemu-system-x86_64 "$@" & sleep 2; kill -SEGV $!; wait $!; kill -SEGV $$');
  await assertFails(/^banger: .*(SIGSEGV|ended before it was ready)/);
  beA('exec /usr/bin/qemu-system-x86_64 "$@"');
  await alice.banger('vm', 'create', '--name', 'web');
  assert.equal((await alice.show('web')).state, 'running');
  await alice.banger('vm', 'delete', '--yes', '--force', 'web');
});
