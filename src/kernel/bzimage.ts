import { BangerError } from '../common/errors.ts';
import { decompressLz4Legacy, isLz4Legacy } from './lz4.ts';

/** Far more than any kernel, far less than what would harm the daemon. */
const maxKernel = 512 * 1024 * 1024;
const machineX86_64 = 62;

/**
 * Takes the ELF kernel out of a bzImage, after the kernel's Documentation/x86/boot.rst: the payload's place is
 * in the setup header, and its last four bytes are the size it decompresses to.
 * @throws ImageDamaged if this is no bzImage or it is cut short or altered, NotSupported for a compression other than LZ4
 */
export async function extractVmlinux(bzImage: Buffer): Promise<Buffer> {
  const payload = payloadOf(bzImage);
  const stream = payload.subarray(0, -4);
  const size = payload.readUInt32LE(payload.length - 4);
  if (!isLz4Legacy(stream)) {
    throw new BangerError(
      'NotSupported',
      `the kernel's payload is not LZ4 (it begins with ${stream.subarray(0, 4).toString('hex')})`,
      { remedy: 'give its ELF vmlinux instead' },
    );
  }
  if (size > maxKernel) throw damaged(`it says that it decompresses to ${size} bytes`);
  const vmlinux = await decompressLz4Legacy(stream, size).catch((error: unknown) => {
    throw error instanceof RangeError ? damaged(error.message) : error;
  });
  checkVmlinux(vmlinux);
  return vmlinux;
}

/** @throws ImageDamaged unless this is an ELF executable for x86-64 */
export function checkVmlinux(vmlinux: Buffer): void {
  const elf = vmlinux.length >= 64 && vmlinux.readUInt32BE(0) === 0x7f454c46;
  if (!elf || vmlinux[4] !== 2 || vmlinux.readUInt16LE(18) !== machineX86_64) {
    throw damaged('what it holds is not a 64-bit ELF kernel for x86-64');
  }
}

function payloadOf(bzImage: Buffer): Buffer {
  if (bzImage.length < 0x250 || bzImage.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw damaged('it has no setup header');
  }
  // payload_offset and payload_length came with version 2.08 of the boot protocol.
  if (bzImage.readUInt16LE(0x206) < 0x208) throw damaged('its boot protocol is older than 2.08');
  const setupSectors = bzImage[0x1f1] || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(0x248);
  const length = bzImage.readUInt32LE(0x24c);
  if (length < 8 || start + length > bzImage.length) throw damaged('its payload lies outside the file');
  return bzImage.subarray(start, start + length);
}

function damaged(what: string): BangerError {
  return new BangerError('ImageDamaged', `the kernel image cannot be used: ${what}`);
}
