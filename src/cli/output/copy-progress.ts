import { formatSize } from '../../common/units.ts';
import { output } from './streams.ts';
import { describeTerminal } from './terminal.ts';

const redrawMs = 200;

/** How far a copy is, in one line on a terminal; nothing where nobody looks or wants to. */
export class Progress implements Disposable {
  readonly #began = performance.now();
  readonly #terminal = describeTerminal(output.diagnostics);
  readonly #timer: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(quiet: boolean) {
    if (!quiet && this.#terminal.live) this.#timer = setInterval(() => this.#draw(), redrawMs).unref();
  }

  readonly add = (bytes: number): void => {
    this.#bytes += bytes;
  };

  /** Takes the line away, so that something else can be said. */
  clear(): void {
    if (this.#timer) this.#terminal.write('\r\x1b[K');
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const seconds = (performance.now() - this.#began) / 1000;
    this.#terminal.write(`\r${formatSize(this.#bytes)}B  ${formatSize(this.#bytes / seconds)}B/s\x1b[K`);
  }
}
