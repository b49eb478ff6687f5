import { closeSync } from 'node:fs';
import { BangerError, getOwnRemedy, getProblem } from '../common/errors.ts';
import type { Answer, Replies, Request } from '../reader/protocol.ts';
import { archive } from './archive.ts';
import { makeGuestIndex } from './guest-index.ts';
import { pack } from './pack.ts';
import { check, read } from './read.ts';
import type { State } from './state.ts';

/** What is asked of one checkout. What was found out for `read` is kept for the questions after it. */
export class Examination {
  readonly #archive: number;
  #state: State | undefined;

  /** @param archive the descriptor that an archive is written to, which is then closed */
  constructor(archive: number) {
    this.#archive = archive;
  }

  /** Does what a request asks for. Never throws: a failure is an answer, too. */
  async answer(request: Request): Promise<Answer<Request['act']>> {
    try {
      return { reply: await this.#perform(request) };
    } catch (error) {
      const code = error instanceof BangerError ? error.code : 'CommandFailed';
      return { failure: { code, problem: getProblem(error), remedy: getOwnRemedy(error) } };
    }
  }

  async #perform(request: Request): Promise<Replies[Request['act']]> {
    switch (request.act) {
      case 'check':
        return check(request);
      case 'read': {
        const { reply, state } = await read(request);
        this.#state = state;
        return reply;
      }
      case 'pack':
        return pack(this.#found());
      case 'archive':
        try {
          return archive(this.#found(), request.mark, this.#archive);
        } finally {
          // The end of the archive, for who reads it.
          closeSync(this.#archive);
        }
      case 'index':
        return makeGuestIndex(this.#found());
    }
  }

  #found(): State {
    if (this.#state === undefined) throw new Error('nothing was read before this question');
    return this.#state;
  }
}
