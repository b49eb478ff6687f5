/**
 * A bzImage as the kernel's build makes one: setup sectors, then the payload and the size it decompresses to.
 * @param payload in the compression that the kernel was built with
 */
export function bzImage(payload: Buffer, size: number): Buffer {
  const setupSectors = 3;
  const offset = 100;
  const header = Buffer.alloc((setupSectors + 1) * 512 + offset);
  header[0x1f1] = setupSectors;
  header.write('HdrS', 0x202, 'latin1');
  header.writeUInt16LE(0x20f, 0x206);
  header.writeUInt32LE(offset, 0x248);
  header.writeUInt32LE(payload.length + 4, 0x24c);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(size);
  return Buffer.concat([header, payload, trailer, Buffer.alloc(64)]);
}
