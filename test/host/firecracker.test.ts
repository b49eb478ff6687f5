/** A VM in Firecracker's double as a unit: in all of its confinement, and ended by the unit's own helper. */
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { buildDouble } from '../support/firecracker/launcher.ts';
import { checkout } from '../support/guest-home.ts';
import { vmmSettings } from '../support/test-vmm.ts';
import { sharedCheckout } from './support/checkout.ts';
import { type GuestUser, openGuestHost } from './support/guests.ts';

let alice: GuestUser;
before(async () => {
  // Wherever this checkout is, the host has it where a VM's unit hides nothing, as it does homes and /tmp.
  const target = '/opt/checkout';
  const [, ...packages] = sharedCheckout();
  const bin = join(target, relative(checkout, buildDouble()));
  alice = await openGuestHost('alice', { shared: [{ source: checkout, target }, ...packages] });
  const write = 'mkdir -p ~/.config/banger && printf %s "$1" >~/.config/banger/config.toml';
  await alice.says('sh', '-c', write, 'sh', vmmSettings({ vmm: 'firecracker', bin }));
});
after(() => alice.host.close());

test('it runs as a unit, and systemctl stop powers its guest off in order', async () => {
  await alice.banger('vm', 'create', '--name', 'fire', '--memory', '512M', '--disk-size', '1G');
  const { id, unit, state, vmm } = { vmm: '', ...(await alice.show('fire')) };
  assert.deepEqual([state, vmm, unit], ['running', 'firecracker', `banger-vm-${id}.service`]);
  await alice.banger('vm', 'exec', 'fire', '--', 'sh', '-c', 'echo kept >/root/kept');
  await alice.says('systemctl', '--user', 'stop', unit);
  assert.equal((await alice.show('fire')).state, 'stopped');
  await alice.assertCleanDisks(id);
  await alice.banger('vm', 'delete', '--force', '--yes', 'fire');
  assert.deepEqual(await alice.host.units('banger-vm-*', 'alice'), []);
});
