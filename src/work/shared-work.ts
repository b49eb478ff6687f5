import { untilAborted } from '../common/abort.ts';
import type { Work } from './work.ts';

interface Underway<T> {
  participants: Set<Work>;
  abort: AbortController;
  result: Promise<T>;
}

/**
 * Long work that several callers may want at once, such as making one image: the first starts it, the
 * others join, each hears its stages, and it is cancelled only when nobody waits for it any more.
 */
export class SharedWork<T> {
  readonly #underway = new Map<string, Underway<T>>();

  /** Takes part in the work of this key. @throws Cancelled when this caller's work is cancelled, and what `make` throws */
  async join(key: string, work: Work, make: (work: Work) => Promise<T>): Promise<T> {
    const shared = this.#underway.get(key) ?? this.#begin(key, work.job, make);
    shared.participants.add(work);
    try {
      return await untilAborted(shared.result, work.signal);
    } finally {
      shared.participants.delete(work);
      if (shared.participants.size === 0) {
        // Undoing belongs to the cancelled work: the last one to leave waits for it.
        shared.abort.abort();
        await shared.result.catch(() => undefined);
      }
    }
  }

  /** @param job the number of the first participant's job */
  #begin(key: string, job: number | undefined, make: (work: Work) => Promise<T>): Underway<T> {
    const participants = new Set<Work>();
    const abort = new AbortController();
    const result = make({
      job,
      signal: abort.signal,
      stage: (name, progress) => {
        for (const participant of participants) participant.stage(name, progress);
      },
    }).finally(() => this.#underway.delete(key));
    const shared = { participants, abort, result };
    this.#underway.set(key, shared);
    return shared;
  }
}
