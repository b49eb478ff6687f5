/**
 * The piece of dbus-next that banger uses: its parser of signatures, and nothing that loads an XML parser.
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
