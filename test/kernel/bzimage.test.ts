import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { extractVmlinux } from '../../src/kernel/bzimage.ts';
import { decompressLz4Legacy } from '../../src/kernel/lz4.ts';
import { bzImage } from '../support/bz-image.ts';

/** An ELF header for x86-64, then text that compresses with short and long matches and some that does not. */
function elf(): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02', 0, 'latin1');
  header.writeUInt16LE(62, 18);
  const parts = [header, Buffer.alloc(9 * 1024 * 1024, 'abc'), randomBytes(70_000), Buffer.alloc(300)];
  for (let index = 0; index < 500; index++) parts.push(Buffer.from(`line ${index % 37} of some text\n`));
  return Buffer.concat(parts);
}

/** What lz4(1) makes of it in the legacy format that the kernel's build uses. */
async function lz4Legacy(data: Buffer): Promise<Buffer> {
  const base64 = await run({
    file: 'sh',
    args: ['-c', 'lz4 -l -9 -c - - | base64'],
    input: data,
    timeoutMs: 30_000,
  });
  return Buffer.from(base64, 'base64');
}

const original = elf();
const compressed = await lz4Legacy(original);

test('the ELF kernel comes out of a bzImage whole', async () => {
  assert.ok(compressed.length < original.length / 10);
  assert.deepEqual(await extractVmlinux(bzImage(compressed, original.length)), original);
});

test('a wrong size in the trailer is found', async () => {
  for (const size of [0, original.length - 1, original.length + 1, 0xffff_ffff]) {
    await assert.rejects(extractVmlinux(bzImage(compressed, size)), { code: 'ImageDamaged' }, String(size));
  }
});

test('a file that is cut short is refused wherever it is cut', async () => {
  const whole = bzImage(compressed, original.length);
  for (let length = 0; length < whole.length - 64; length += 1 + Math.floor(length / 40)) {
    await assert.rejects(extractVmlinux(whole.subarray(0, length)), { code: 'ImageDamaged' }, String(length));
  }
});

test('damage anywhere gives the kernel, a named error and nothing else', async () => {
  const small = await lz4Legacy(original.subarray(9 * 1024 * 1024));
  for (let round = 0; round < 3_000; round++) {
    const damaged = Buffer.from(small);
    for (let times = 0; times <= round % 4; times++) {
      damaged[4 + Math.floor(Math.random() * (damaged.length - 4))] = Math.floor(Math.random() * 256);
    }
    await decompressLz4Legacy(damaged, original.length - 9 * 1024 * 1024).catch((error: unknown) => {
      assert.ok(error instanceof RangeError && !/Invalid|out of range/.test(error.message), String(error));
    });
  }
});

test('other compressions and other machines are told apart', async () => {
  const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(100)]);
  await assert.rejects(extractVmlinux(bzImage(gzip, 100)), { code: 'NotSupported', message: /1f8b0800/ });
  const arm = Buffer.from(original);
  arm.writeUInt16LE(183, 18);
  await assert.rejects(extractVmlinux(bzImage(await lz4Legacy(arm), arm.length)), { code: 'ImageDamaged' });
});
