/** VMs come up, one after the other, each at its first attempt. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openGuestHome } from '../support/guest-home.ts';

const home = await openGuestHome();
/** What the daemon's log says when a guest was not ready in time and is started once more. */
const again = 'starting it once more';

for (const attempt of [1, 2, 3]) {
  test(`cold boot ${attempt} succeeds at the first attempt`, async (t) => {
    const retries = () => home.log().split(again).length;
    const before = retries();
    const started = performance.now();
    await home.create('cold');
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { accelerator } = await home.show('cold');
    t.diagnostic(`vm create took ${seconds} s (${accelerator})`);
    assert.equal(retries(), before, 'the first attempt did not succeed');
    assert.equal(await home.guest('cold', 'echo', 'here'), 'here\n');
    await home.banger('vm', 'delete', '--force', '--yes', 'cold');
  });
}

test('nothing is left', async () => {
  await home.close();
});
