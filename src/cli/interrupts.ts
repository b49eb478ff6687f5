import { errorTable } from '../common/error-table.ts';
import { report } from './output/report.ts';
import { output } from './output/streams.ts';
import { describeTerminal } from './output/terminal.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const interruptedStatus = errorTable.Cancelled.status;

/**
 * What a command does when it is told to stop: the first signal asks it to, the second ends it at once.
 * While a program of the guest has the word, the signals are that program's.
 */
export class Interrupts implements Disposable {
  readonly #abort = new AbortController();
  readonly #listener = (signal: NodeJS.Signals) => this.#receive(signal);
  #receiver: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const signal of signals) process.on(signal, this.#listener);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get happened(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Gives every signal to somebody else for as long as the work takes. */
  async passTo<T>(receiver: (signal: NodeJS.Signals) => void, work: () => Promise<T>): Promise<T> {
    this.#receiver = receiver;
    try {
      return await work();
    } finally {
      this.#receiver = undefined;
    }
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#listener);
  }

  #receive(signal: NodeJS.Signals): void {
    if (this.#receiver) {
      this.#receiver(signal);
    } else if (this.happened) {
      // A stage that is drawn live stands in a line without an end.
      if (describeTerminal(output.diagnostics).live) output.diagnostics.write('\n');
      report('left at once; the daemon ends by itself what was begun, see `banger vm list`');
      process.exit(interruptedStatus);
    } else {
      this.#abort.abort();
    }
  }
}
