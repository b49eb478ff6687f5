import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ApiRequest, ask } from '../../../src/vmm/firecracker/api.ts';
import { FirecrackerDriver } from '../../../src/vmm/firecracker/driver.ts';
import { bootRequests } from '../../../src/vmm/firecracker/requests.ts';
import { apiSocket } from '../../../src/vmm/firecracker/sockets.ts';
import { spec } from '../spec.ts';
import { type FakeAnswer, fakeFirecracker } from './fake.ts';

const runtimeDirectory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(runtimeDirectory, { recursive: true }));
const driver = new FirecrackerDriver({ binary: '/f', vmmOutput: '/h/vmm-output' });
const never = new AbortController().signal;
const logFile = join(runtimeDirectory, 'log');
const drives = [true, false].map((readonly) => ({ path: '/d', readonly }));
const machineSpec = spec({ runtimeDirectory, drives });
const endless = new Promise<void>(() => undefined);
/** All that a boot asks, in order. */
const state: ApiRequest = { method: 'GET', path: '/' };
const asked = [state, ...bootRequests(machineSpec), state];

/** Boots a machine whose Firecracker does something with one of its requests. */
async function bootWith(index: number, answer: FakeAnswer): Promise<void> {
  await using fake = await fakeFirecracker(runtimeDirectory);
  let count = 0;
  fake.answer = () => (count++ === index ? answer : undefined);
  await driver.boot(machineSpec, { ended: fake.ended, logFile }, never);
}

test('a Firecracker that exits during any request is reported with its last output', async () => {
  writeFileSync(logFile, 'started\n2026 [test:main] panicked at\u001b[31m\n');
  for (const [index, { method, path }] of asked.entries()) {
    await assert.rejects(
      bootWith(index, 'crash'),
      {
        code: 'HostNotReady',
        message: /^Firecracker ended before its machine ran: 2026 \[test:main\] panicked at\?\[31m; /,
      },
      `${method} ${path}`,
    );
  }
});

test('a refusal of any request is told in its words, and one without words by its status', async () => {
  const fault = { status: 400, body: { fault_message: 'It is\u001b[2J wrong.\nSo is this; surely' } };
  for (const [index, { method, path }] of asked.entries()) {
    await assert.rejects(bootWith(index, fault), {
      code: 'CommandFailed',
      message: new RegExp(
        `^Firecracker refused ${method} ${path}: It is\ufffd\\[2J wrong\\. / So is this, surely; `,
      ),
    });
  }
  for (const body of [undefined, 'text', [], { fault_message: 7 }, { fault_message: ' ' }]) {
    await assert.rejects(bootWith(1, { status: 500, body }), {
      code: 'CommandFailed',
      message: /^Firecracker refused PUT \/machine-config with status 500 and no reason; /,
    });
  }
  const long = { status: 400, body: { fault_message: 'x'.repeat(60_000) } };
  const error = await bootWith(1, long).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Error && error.message.length < 700);
});

test('a refusal for lack of something on the host names a remedy', async () => {
  // As 1.14.2 said them.
  const said: [string, RegExp][] = [
    [
      "Start microvm error: Kvm error: Error creating KVM object: Permission denied (os error 13) Make sure the user launching the firecracker process is \\\nconfigured on the /dev/kvm file's ACL.",
      /because \/dev\/kvm is not open to you, and said: .*; join the group kvm and log in again, or set vmm = "qemu"$/,
    ],
    [
      'Start microvm error: Kvm error: Error creating KVM object: No such file or directory (os error 2)',
      /because there is no \/dev\/kvm, and said: .*; load the kernel module/,
    ],
    [
      'Network config error: Could not create the network device: Open tap device failed: Error while creating ifreq structure: Operation not permitted (os error 1). Invalid TUN/TAP Backend provided by vmtap0.',
      /because its tap is not open to you, and said: .*; make \/dev\/net\/tun readable and writable/,
    ],
  ];
  for (const [fault_message, message] of said) {
    await assert.rejects(bootWith(asked.length - 2, { status: 400, body: { fault_message } }), {
      code: 'HostNotReady',
      message,
    });
  }
});

test('answers that are none are told, and those without end not read', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n';
  const malformed: [FakeAnswer, RegExp][] = [
    [{ raw: 'SSH-2.0-OpenSSH\r\n' }, /went away at PUT \/machine-config: /],
    [{ raw: Buffer.from([0, 255, 10, 13, 0]) }, /went away at/],
    [{ raw: 'HTTP/1.1 204 No Content\r\nX: ' }, /went away at/],
    [{ raw: `HTTP/1.1 204 No Content\r\nX: ${'x'.repeat(100_000)}` }, /went away at/],
    [{ raw: head + 'x'.repeat(1_000_000) }, /answer has no end/],
    [{ status: 200, body: {} }, /answered PUT \/machine-config with status 200 and "\{\}"/],
    [{ status: 302 }, /with status 302 and nothing/],
  ];
  for (const [answer, message] of malformed) {
    await using fake = await fakeFirecracker(runtimeDirectory);
    fake.answer = () => answer;
    const [, request] = asked;
    assert.ok(request);
    await assert.rejects(ask(apiSocket(runtimeDirectory), request, 5_000), { code: 'HostNotReady', message });
  }
  for (const answer of [{ status: 200 }, { status: 204 }, { status: 200, body: [] }] as const) {
    await using fake = await fakeFirecracker(runtimeDirectory);
    fake.answer = () => answer;
    await assert.rejects(ask(apiSocket(runtimeDirectory), state, 5_000), { code: 'HostNotReady' });
  }
});

test('one that is slow is waited for, one that never answers is not, and either can be cancelled', async () => {
  const socket = apiSocket(runtimeDirectory);
  {
    await using fake = await fakeFirecracker(runtimeDirectory);
    fake.answer = () => ({ status: 204, afterMs: 300 });
    const [, request = state] = asked;
    assert.deepEqual(await ask(socket, request, 5_000), {});
    fake.answer = () => 'never';
    await assert.rejects(ask(socket, request, 100), {
      code: 'Timeout',
      message: /did not answer PUT \/machine-config within 0\.1 s/,
    });
  }
  for (const index of [0, 3, asked.length - 2]) {
    await using fake = await fakeFirecracker(runtimeDirectory);
    const abort = new AbortController();
    let count = 0;
    fake.answer = () => {
      if (count++ !== index) return undefined;
      setTimeout(() => abort.abort(), 20);
      return 'never';
    };
    const booting = driver.boot(machineSpec, { ended: endless, logFile }, abort.signal);
    await assert.rejects(booting, { code: 'Cancelled' });
  }
});

test('a machine that another program started, or that does not start, is not adopted', async () => {
  await using fake = await fakeFirecracker(runtimeDirectory);
  fake.state = 'Running';
  const running = { ended: endless, logFile };
  await assert.rejects(driver.boot(machineSpec, running, never), {
    code: 'GuestFailed',
    message: /"Running"/,
  });
  assert.equal(fake.asked.length, 1);
  fake.state = 'Not started';
  fake.answer = ({ method }) => (method === 'PUT' ? { status: 204 } : undefined);
  await assert.rejects(driver.boot(machineSpec, running, never), {
    code: 'GuestFailed',
    message: /"Not started"/,
  });
});
