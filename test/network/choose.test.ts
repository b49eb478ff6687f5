import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Obstacle } from '../../src/common/errors.ts';
import type { BridgeNetwork, NetworkMode, WantedNetwork } from '../../src/network/attachment.ts';
import { chooseNetwork, formatNetworkReason } from '../../src/network/choose.ts';

const notAllowed = {
  problem: 'you are not in the group banger',
  remedy: '`sudo usermod -aG banger you` and log in again',
};
const noTap = { problem: 'no tap' };

function bridgeWith(obstacle: Obstacle | undefined): BridgeNetwork {
  const unused = () => {
    throw new Error('nothing is attached here');
  };
  return { obstacle: async () => obstacle, findDrops: unused, attach: unused, live: unused };
}

const granting = bridgeWith(undefined);
const refusing = bridgeWith(notAllowed);
const cases: [WantedNetwork, BridgeNetwork | undefined, Obstacle | undefined, NetworkMode, RegExp][] = [
  ['auto', granting, undefined, 'bridge', /^banger-netd grants it$/],
  ['auto', granting, noTap, 'bridge', /grants/],
  ['auto', refusing, undefined, 'user', /^it cannot be bridged: you are not in the group banger; /],
  ['auto', undefined, undefined, 'user', /^banger-netd is not here$/],
  ['auto', undefined, noTap, 'user-unconfined', /there is no namespace for it: no tap$/],
  ['user', granting, undefined, 'user', /^asked for$/],
  ['user', granting, noTap, 'user-unconfined', /no tap/],
  ['bridge', granting, noTap, 'bridge', /^asked for$/],
  ['none', granting, undefined, 'none', /^asked for$/],
  ['none', undefined, noTap, 'none', /no tap/],
];

test('the network of a VM, by what is wanted, granted and possible', async () => {
  for (const [wanted, bridge, enclosureObstacle, mode, reason] of cases) {
    const choice = await chooseNetwork(wanted, { bridge, enclosureObstacle: async () => enclosureObstacle });
    assert.equal(choice.mode, mode, `${wanted} ${reason}`);
    assert.match(formatNetworkReason(choice), reason);
    assert.equal(choice.obstacle, mode === 'bridge' ? undefined : enclosureObstacle);
  }
});

test('a bridge that was asked for and is not to be had is an error that says how to be allowed', async () => {
  const enclosureObstacle = async () => undefined;
  for (const [bridge, message] of [
    [refusing, /cannot be bridged: you are not in the group banger; `sudo usermod/],
    [undefined, /cannot be bridged: banger-netd is not installed; install .*--network user/],
  ] as const) {
    await assert.rejects(chooseNetwork('bridge', { bridge, enclosureObstacle }), {
      code: 'HostNotReady',
      message,
    });
  }
});
