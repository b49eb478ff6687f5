import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListeningPort } from '../../src/guest/agent.ts';
import type { GuestPort } from '../../src/network/port-forwards.ts';
import { merged, viewPorts } from '../../src/vm/ports.ts';
import { makeVm } from '../support/vm.ts';

const owner = (pid: number) => ({ pid, process: `p${pid}`, command: '' });

test('a dual-stack server is one listener, and what others have on the same port is not', () => {
  const ports: ListeningPort[] = [
    { protocol: 'udp', address: '::', port: 5000, owner: owner(3) },
    { protocol: 'tcp', address: '0.0.0.0', port: 8080, owner: owner(1) },
    { protocol: 'tcp', address: '::', port: 8080, owner: owner(1) },
    { protocol: 'tcp', address: '127.0.0.1', port: 631, owner: owner(2) },
    { protocol: 'tcp', address: '::1', port: 631, owner: owner(2) },
    { protocol: 'tcp', address: '172.17.0.1', port: 631, owner: owner(2) },
    { protocol: 'tcp', address: '::', port: 631, owner: owner(4) },
    { protocol: 'udp', address: '0.0.0.0', port: 8080 },
    { protocol: 'udp', address: '::', port: 8080 },
  ];
  assert.deepEqual(
    merged(ports).map(({ protocol, address, port, owner }) => [protocol, address, port, owner?.pid]),
    [
      ['tcp', '127.0.0.1', 631, 2],
      ['tcp', '172.17.0.1', 631, 2],
      ['tcp', '::', 631, 4],
      ['udp', '::', 5000, 3],
      ['tcp', '0.0.0.0', 8080, 1],
      ['udp', '0.0.0.0', 8080, undefined],
    ],
  );
});

const listener = (port: number, address = '0.0.0.0', protocol: 'tcp' | 'udp' = 'tcp') => ({
  protocol,
  address,
  port,
});

test('a bridged VM is reached at its own address, on every port that is not the guest’s alone', async () => {
  const vm = makeVm({ run: { network: 'bridge' }, ssh: { address: '172.30.4.2', port: 22 } });
  const listeners = [
    listener(22),
    listener(80, '::'),
    listener(53, '172.30.4.2', 'udp'),
    listener(631, '127.0.0.1'),
  ];
  const views = await viewPorts(listeners, vm, undefined);
  assert.deepEqual(
    views.map(({ port, host, obstacle }) => [port, host && `${host.address}:${host.port}`, obstacle]),
    [
      [22, '172.30.4.2:22', undefined],
      [80, '172.30.4.2:80', undefined],
      [53, '172.30.4.2:53', undefined],
      [631, undefined, 'guest-only'],
    ],
  );
});

test('in user mode no more than 64 ports are forwarded, none twice, and none that is taken or below 1024', async () => {
  const vm = makeVm({ run: { network: 'user' }, ssh: { address: '127.66.0.1', port: 2222 } });
  let asked: readonly GuestPort[] = [];
  const forwards = {
    settle: async (wanted: readonly GuestPort[]) => {
      asked = wanted;
      return wanted.filter(({ port }) => port !== 3000);
    },
  };
  const many = Array.from({ length: 63 }, (_, index) => listener(4000 + index));
  const listeners = [
    listener(22),
    listener(80),
    listener(3000),
    listener(3000, '10.0.2.100'),
    ...many,
    listener(9000),
  ];
  const views = await viewPorts(listeners, vm, forwards);
  assert.equal(asked.length, 64);
  const obstacles = new Map(views.map(({ port, host, obstacle }) => [port, obstacle ?? host?.port]));
  assert.deepEqual(
    [22, 80, 3000, 4000, 4062, 9000].map((port) => obstacles.get(port)),
    [2222, 'privileged', 'taken', 4000, 4062, 'too-many'],
  );
  const unforwarded = await viewPorts([listener(22), listener(8080)], vm, undefined);
  assert.deepEqual(
    unforwarded.map(({ obstacle, host }) => obstacle ?? host?.port),
    [2222, 'no-forwards'],
  );
});
