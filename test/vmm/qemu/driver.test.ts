import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { QemuDriver } from '../../../src/vmm/qemu/driver.ts';
import { spec } from '../spec.ts';

const runtimeDirectory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(runtimeDirectory, { recursive: true }));
const logFile = join(runtimeDirectory, 'log');
const driver = new QemuDriver({ binary: '/q', accelerator: 'tcg', tscKhz: 2_600_000, sandbox: true });
const machine = QemuDriver.machine(runtimeDirectory);
const never = new AbortController().signal;

test('a program that ends is noticed and its last line quoted without control characters', async () => {
  writeFileSync(logFile, `${'x'.repeat(5000)}\nsomething\nqemu: no \x1b[31m/dev/net/tun\n`);
  const booting = driver.boot(spec({ runtimeDirectory }), { ended: Promise.resolve(), logFile }, never);
  await assert.rejects(booting, {
    code: 'HostNotReady',
    message: 'QEMU ended before its machine ran: qemu: no ?[31m/dev/net/tun',
  });
});

test('booting can be cancelled', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 30);
  const ended = new Promise<void>(() => undefined);
  const booting = driver.boot(spec({ runtimeDirectory }), { ended, logFile }, abort.signal);
  await assert.rejects(booting, { code: 'Cancelled' });
});

test('a machine that is not there is off, and its agent unreachable', async () => {
  await machine.forceOff();
  await assert.rejects(machine.connectAgent('control', never), { code: 'GuestUnreachable' });
});

test('a machine whose monitor says nothing cannot be forced off, and that takes no longer than 6 s', async () => {
  const server = createServer();
  const path = join(runtimeDirectory, 'qmp.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  server.on('connection', (client) => client.on('error', () => undefined).unref());
  try {
    const began = performance.now();
    await assert.rejects(machine.forceOff(), { code: 'Timeout' });
    assert.ok(performance.now() - began < 6_000);
  } finally {
    server.close();
  }
});
