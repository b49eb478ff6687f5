import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BangerError, formatSentence } from '../../src/common/errors.ts';
import type { AttachmentRequest } from '../../src/network/attachment.ts';
import { type BridgeSettings, GrantedNetwork } from '../../src/network/bridge.ts';
import type { GrantedTap, Grants, TapRequest } from '../../src/network/grants.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Grants as netd gives them, in memory. */
class FakeGrants implements Grants {
  isUnasked = true;
  refusal: BangerError | undefined;
  taps: (GrantedTap & TapRequest)[] = [];
  asked: string[] = [];
  #next = 0;

  async ensureBridge(network = '172.30.232.0/24') {
    if (this.refusal) throw this.refusal;
    this.asked.push(network);
    return { name: 'bngr1000', address: network.replace('0/24', '1'), prefix: 24, dns: ['172.30.232.1'] };
  }

  async createTap(wishes: TapRequest) {
    const idle = this.taps.find((tap) => tap.address === '');
    if (idle && wishes.address) return Object.assign(idle, wishes).name;
    const name = `bgt1000a${this.#next++}`;
    this.taps.push({ name, open: false, address: '', mac: '', ...wishes });
    return name;
  }

  async setTap(name: string, wishes: TapRequest) {
    Object.assign(this.taps.find((tap) => tap.name === name) ?? assert.fail(name), wishes);
  }

  async deleteTap(name: string) {
    this.taps = this.taps.filter((tap) => tap.name !== name);
  }

  async listTaps() {
    return this.taps.map((tap) => ({ ...tap }));
  }

  findDrops(): never {
    throw new Error('no VM asks for that');
  }
}

function networkOf(settings: Partial<BridgeSettings> = {}): { grants: FakeGrants; network: GrantedNetwork } {
  const grants = new FakeGrants();
  return {
    grants,
    network: new GrantedNetwork(grants, async () => ({ tapPoolSize: 1, ...settings }), silent),
  };
}

function request(change: Partial<AttachmentRequest> = {}): AttachmentRequest {
  return {
    ...{ id: 'a', mac: '02:00:00:00:00:01', nat: true, former: undefined },
    reach: { lan: false, peers: false },
    ...{ taken: () => new Set<string>(), claim: () => true },
    ...{ hostDirectory: '', runtimeDirectory: '', vmRuntimeDirectory: '', ...change },
  };
}

test('a VM gets an address that no VM and no tap has, and keeps it while it can', async () => {
  const { grants, network } = networkOf({ tapPoolSize: 0 });
  await grants.createTap({ address: '172.30.232.2', mac: '02:00:00:00:00:09' });
  const claimed: string[] = [];
  const attachment = await network.attach(
    request({
      reach: { lan: true, peers: false },
      taken: () => new Set(['172.30.232.3']),
      // Another daemon was quicker with one of them.
      claim: ({ address }) => claimed.push(address) > 1,
    }),
  );
  assert.deepEqual(claimed, ['172.30.232.4', '172.30.232.5']);
  assert.deepEqual(attachment.ssh, { address: '172.30.232.5', port: 22 });
  const words = ['banger.ip=172.30.232.5/24', 'banger.gw=172.30.232.1', 'banger.dns=172.30.232.1'];
  assert.deepEqual(attachment.guestWords(), words);
  assert.equal(attachment.guestWords(['9.9.9.9'])[2], 'banger.dns=9.9.9.9');
  assert.deepEqual(attachment.network, { kind: 'tap', name: 'bgt1000a1', mac: '02:00:00:00:00:01' });
  const { nat, lan, peers } = grants.taps[1] ?? {};
  assert.deepEqual({ nat, lan, peers }, { nat: true, lan: true, peers: false });
  await attachment.setNat(false);
  assert.equal(grants.taps[1]?.nat, false);
  await attachment.close();
  await attachment.close();
  assert.deepEqual(
    grants.taps.map(({ name }) => name),
    ['bgt1000a0'],
  );
  const kept = await network.attach(request({ former: { address: '172.30.232.77', port: 22 } }));
  assert.equal(kept.ssh.address, '172.30.232.77');
  // Of user mode, of another network, or the host's own: none that it may keep.
  for (const address of ['127.66.0.7', '172.30.233.7', '172.30.232.1', '172.30.232.254']) {
    const { network } = networkOf();
    assert.equal(
      (await network.attach(request({ former: { address, port: 2222 } }))).ssh.address,
      '172.30.232.2',
    );
  }
});

test('what a run before left is taken away, and idle taps are made ahead', async () => {
  const { grants, network } = networkOf({ tapPoolSize: 2 });
  await grants.createTap({ address: '172.30.232.2', mac: '02:00:00:00:00:01' });
  const { ssh } = await network.attach(request({ former: { address: '172.30.232.2', port: 22 } }));
  assert.equal(ssh.address, '172.30.232.2');
  const deadline = Date.now() + 5_000;
  const idle = () => grants.taps.filter(({ address }) => address === '').length;
  while (idle() < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([grants.taps.length, idle()], [3, 2]);
});

test('settings within what is granted hold, and beyond are an obstacle that names them', async () => {
  const cases: [Partial<BridgeSettings>, RegExp | undefined][] = [
    [{}, undefined],
    [{ name: 'bngr1000', ip: '172.30.9.1', cidr: '172.30.9.0/24' }, undefined],
    [{ ip: '172.30.9.1', cidr: '/24' }, undefined],
    [
      { name: 'br-banger' },
      /^bridge_name is br-banger, and what is granted to you is bngr1000; set that, or/,
    ],
    [{ ip: '172.30.9.7' }, /^bridge_ip is 172\.30\.9\.7, and what is granted to you is 172\.30\.9\.1; /],
    [{ cidr: '/16' }, /^cidr is \/16, and what is granted to you is \/24; /],
  ];
  for (const [settings, why] of cases) {
    const obstacle = await networkOf(settings).network.obstacle('auto');
    if (why) assert.match(obstacle ? formatSentence(obstacle) : '', why);
    else assert.equal(obstacle, undefined);
  }
  const { grants, network } = networkOf();
  grants.refusal = new BangerError('AccessDenied', 'no', { remedy: 'run it' });
  assert.equal(await network.obstacle('bridge'), grants.refusal);
  grants.refusal = undefined;
  grants.isUnasked = false;
  assert.match((await network.obstacle('auto'))?.remedy ?? '', /--network bridge/);
  assert.equal(await network.obstacle('bridge'), undefined);
});

test('switching NAT reports a tap that is gone', async () => {
  const { network } = networkOf();
  const live = network.live({ mac: '02:00:00:00:00:01' });
  await assert.rejects(live.setNat(true), { code: 'HostNotReady', message: /stop and start the VM/ });
  await live.close();
});
