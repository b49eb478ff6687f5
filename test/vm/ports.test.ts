import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListeningPort } from '../../src/guest/agent.ts';
import { merged } from '../../src/vm/ports.ts';

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
