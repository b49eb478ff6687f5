/**
 * The pieces of dbus-next that banger uses: its wire format, and nothing that loads an XML parser.
 * The package describes only its entry module, which costs a command-line program too much start-up time.
 */

declare module 'dbus-next/lib/signature.js' {
  export interface Type {
    type: string;
    child: Type[];
  }
  /** Throws an Error on an unknown type code or an unfinished container. */
  export function parseSignature(signature: string): Type[];
}

declare module 'dbus-next/lib/message.js' {
  /** A 64-bit integer is a bigint, a dict an array of pairs, a variant a pair of signature and value. */
  export function marshall(message: Record<string, unknown>): [data: Buffer, fds: unknown[]];
}

declare module 'dbus-next/lib/dbus-buffer.js' {
  /** Reads values; a variant comes as its parsed signature and an array of one value. */
  export default class DBusBuffer {
    constructor(buffer: Buffer, start: number, endian: number, fds: null, options: { ayBuffer: boolean });
    pos: number;
    align(power: number): void;
    read(signature: string): unknown[];
  }
}
