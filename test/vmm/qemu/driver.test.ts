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
const host = { binary: '/q', accelerator: 'tcg', tscKhz: 2_600_000, sandbox: true } as const;
const driver = new QemuDriver(host, '/vmm-output');
const machine = QemuDriver.machine(runtimeDirectory);
const never = new AbortController().signal;

test('a program that ends is noticed and its last line quoted without control characters', async () => {
  writeFileSync(logFile, `${'x'.repeat(5000)}\nsomething\nqemu: no \x1b[31m/dev/net/tun\n`);
  const booting = driver.boot(spec({ runtimeDirectory }), { ended: Promise.resolve(), logFile }, never);
  await assert.rejects(booting, {
    code: 'HostNotReady',
    message: /^QEMU ended before its machine ran: qemu: no \?\[31m\/dev\/net\/tun; /,
  });
});

test('booting can be cancelled', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 30);
  const ended = new Promise<void>(() => undefined);
  const booting = driver.boot(spec({ runtimeDirectory }), { ended, logFile }, abort.signal);
  await assert.rejects(booting, { code: 'Cancelled' });
});

test('the agent of a machine that is not there is unreachable', async () => {
  await assert.rejects(machine.connectAgent('control', never), { code: 'GuestUnreachable' });
});

test('a drive is resized by its name, and a refusal is reported', async () => {
  await assert.rejects(machine.resizeDrive(2, '/d', 2 ** 33), { code: 'HostNotReady' });
  const asked: unknown[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.write('{"QMP":{}}\n');
    client.setEncoding('utf8').on('data', (line: string) => {
      const command = JSON.parse(line);
      asked.push(command);
      const refuses = command.arguments?.size === 512;
      client.write(refuses ? '{"error":{"desc":"cannot shrink"}}\n' : '{"return":{}}\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(join(runtimeDirectory, 'qmp.sock'), resolve));
  try {
    await machine.resizeDrive(2, '/d', 2 ** 33);
    assert.deepEqual(asked.at(-1), {
      execute: 'block_resize',
      arguments: { device: 'drive2', size: 2 ** 33 },
    });
    await assert.rejects(machine.resizeDrive(1, '/d', 512), {
      code: 'CommandFailed',
      message: /cannot shrink/,
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
