import type { GuestAccess } from '../session/access.ts';

/** A tree may have many things that cannot be copied; a guest may have them without end. */
const maxNotes = 1_000;

/** How to copy, and who is told of it. */
export interface CopyOptions {
  /** Whether what symbolic links lead to is copied in their place. */
  follow: boolean;
  signal: AbortSignal;
  /** Is told how many bytes were copied since the last call. */
  onBytes(count: number): void;
  /** Is told a line of what was not copied, or not as it was; of very many the rest is only counted. */
  onNote(text: string): void;
}

/** One copy between this host and a VM: what it needs, and what went wrong without ending it. */
export class Copy implements Disposable {
  readonly access: GuestAccess;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
  readonly #onNote: (text: string) => void;
  #problems = 0;
  #notes = 0;

  constructor(access: GuestAccess, { follow, signal, onBytes, onNote }: CopyOptions) {
    this.access = access;
    this.follow = follow;
    this.signal = signal;
    this.onBytes = onBytes;
    this.#onNote = onNote;
  }

  /** Is true if everything was copied. */
  get isWhole(): boolean {
    return this.#problems === 0;
  }

  /** Says something that is no failure. */
  warn(text: string): void {
    this.#notes++;
    if (this.#notes <= maxNotes) this.#onNote(text);
  }

  /** Says what could not be copied; the rest is. */
  problem(text: string): void {
    this.#problems++;
    this.warn(text);
  }

  /** Says how much was not said. */
  [Symbol.dispose](): void {
    if (this.#notes > maxNotes) this.#onNote(`${this.#notes - maxNotes} more lines like these are not shown`);
  }
}
