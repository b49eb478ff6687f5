import type { GuestAccess } from '../../client/session/access.ts';
import type { Interrupts } from '../interrupts.ts';
import { report } from '../output/report.ts';
import type { Progress } from './progress.ts';

/** A tree may have many things that cannot be copied; a guest may have them without end. */
const maxNotes = 1_000;

/** One run of `vm cp`: what it needs, and what went wrong without ending it. */
export class Copy implements Disposable {
  readonly access: GuestAccess;
  readonly interrupts: Interrupts;
  readonly progress: Progress;
  /** Whether what symbolic links lead to is copied in their place. */
  readonly follow: boolean;
  #problems = 0;
  #notes = 0;

  constructor(access: GuestAccess, interrupts: Interrupts, progress: Progress, follow: boolean) {
    this.access = access;
    this.interrupts = interrupts;
    this.progress = progress;
    this.follow = follow;
  }

  /** Whether everything was copied. */
  get isWhole(): boolean {
    return this.#problems === 0;
  }

  /** Says something that is no failure; of very many such lines the rest is only counted. */
  warn(text: string): void {
    this.#notes++;
    if (this.#notes > maxNotes) return;
    this.progress.clear();
    report(text);
  }

  /** Says what could not be copied; the rest is. */
  problem(text: string): void {
    this.#problems++;
    this.warn(text);
  }

  /** Says how much was not said. */
  [Symbol.dispose](): void {
    if (this.#notes <= maxNotes) return;
    this.progress.clear();
    report(`${this.#notes - maxNotes} more lines like these are not shown`);
  }
}
