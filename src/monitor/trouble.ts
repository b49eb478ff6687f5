import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';

/** What goes wrong again and again while VMs are looked at: the log has it once and not each time. */
export class Trouble {
  readonly #log: Log;
  #last = '';

  constructor(log: Log) {
    this.#log = log;
  }

  tell(error: unknown): void {
    const trouble = getMessage(error);
    if (trouble !== this.#last) this.#log.warn({ err: error }, `looking at VMs: ${trouble}`);
    this.#last = trouble;
  }
}
