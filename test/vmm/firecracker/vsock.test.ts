import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FirecrackerDriver } from '../../../src/vmm/firecracker/driver.ts';
import { fakeVsock } from './fake.ts';

const runtimeDirectory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(runtimeDirectory, { recursive: true }));
const machine = FirecrackerDriver.machine(runtimeDirectory);
const never = new AbortController().signal;

test('the agent is reached once it listens, and nothing that it says is lost', async () => {
  const requests: string[] = [];
  await using _vsock = await fakeVsock(runtimeDirectory, (client, request) => {
    requests.push(request);
    // At first the guest has nobody there, then what answers is no vsock.
    if (requests.length === 1) client.end();
    else if (requests.length === 2) client.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (requests.length === 3) client.write('x'.repeat(1000));
    else void piecewise(client.write.bind(client));
  });
  const agent = await machine.connectAgent('control', never);
  const [said] = await once(agent, 'data');
  assert.equal(String(said), 'hello');
  agent.on('error', () => undefined).destroy();
  assert.deepEqual(requests, Array(4).fill('CONNECT 1024\n'));
});

async function piecewise(write: (text: string) => unknown): Promise<void> {
  write('OK 10737');
  await sleep(20);
  write('41824\nhello');
}

test('an agent that never listens is given up when asked to, also one whose vsock says nothing', async () => {
  for (const serve of [(client: { end: () => void }) => client.end(), () => undefined]) {
    await using _vsock = await fakeVsock(runtimeDirectory, serve);
    const began = performance.now();
    await assert.rejects(machine.connectAgent('query', AbortSignal.timeout(150)), { code: 'Cancelled' });
    assert.ok(performance.now() - began < 2_000);
  }
});

test('a machine that is not there has no agent', async () => {
  await assert.rejects(machine.connectAgent('control', never), { code: 'GuestUnreachable' });
});
