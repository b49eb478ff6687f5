import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { findHolder, socketsAt } from '../../src/network/holder.ts';

test('who has a port of this host is named, on one address and on all', async () => {
  for (const host of ['0.0.0.0', '::', '127.66.251.9']) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    assert.equal(findHolder('tcp', '127.66.251.9', port)?.pid, process.pid, host);
    assert.equal(findHolder('udp', '127.66.251.9', port), undefined);
    if (host === '127.66.251.9') assert.equal(findHolder('tcp', '127.66.251.8', port), undefined);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(findHolder('tcp', '127.66.251.9', port), undefined);
  }
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
  assert.equal(findHolder('udp', '127.66.251.9', socket.address().port)?.pid, process.pid);
  socket.close();
});

test('sockets that are connected hold no port for others', () => {
  const line = (local: string, state: string) =>
    `   0: ${local}:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100`;
  for (const [table, found] of [
    [line('0100427F', '0A'), true],
    [line('00000000', '0A'), true],
    [line('0100427F', '01'), false],
    [line('0100007F', '0A'), false],
    ['  sl  local_address rem_address   st tx_queue', false],
  ] as const) {
    assert.deepEqual(socketsAt(table, '127.66.0.1', 8080), found ? ['socket:[4711]'] : [], table);
  }
});
