import { printable } from '../../common/text.ts';
import type { LogSource } from '../../logs/log-file.ts';
import { output } from '../output/streams.ts';
import { describeTerminal } from '../output/terminal.ts';
import { Lines } from './lines.ts';

/** Where several logs are shown, each part under the title of its log, as `tail` does. */
export class LogDisplay {
  readonly #titled: boolean;
  #last: string | undefined;

  constructor({ titled }: { titled: boolean }) {
    this.#titled = titled;
  }

  show(title: string, pieces: readonly (string | Buffer)[]): void {
    if (pieces.length === 0) return;
    if (this.#titled && title !== this.#last) this.mark(title);
    this.#last = title;
    for (const piece of pieces) output.results.write(piece);
  }

  /** Tells what comes next, or what happened to it. */
  mark(text: string): void {
    if (!this.#titled) return;
    const before = this.#last === undefined ? '' : '\n';
    output.results.write(
      `${before}${describeTerminal(output.results).style('bold', `==> ${printable(text)} <==`)}\n`,
    );
  }
}

export interface LogViewOptions {
  display: LogDisplay;
  source: LogSource;
  title: string;
  /** What to write for a line. */
  format: (line: Buffer) => string | Buffer;
}

/** One log on its way to the user. */
export class LogView {
  readonly source: LogSource;
  readonly #options: LogViewOptions;
  readonly #lines = new Lines();

  constructor(options: LogViewOptions) {
    this.source = options.source;
    this.#options = options;
  }

  /**
   * Shows what is there already.
   * @param last how many of the last lines; all where absent
   * @param goesOn the end of a line that has none yet may still come
   */
  async begin(last: number | undefined, { goesOn }: { goesOn: boolean }): Promise<void> {
    let kept: Buffer[] = [];
    for await (const news of this.source.news()) {
      if (news !== 'emptied') kept.push(...this.#lines.push(news));
      if (last === undefined) this.#show(kept.splice(0));
      // Not at every line: this moves all of them.
      else if (kept.length > 2 * last) kept = kept.slice(-last);
    }
    if (!goesOn) kept.push(...this.#lines.end());
    this.#show(last === undefined ? kept : kept.slice(-last));
  }

  /** Shows what came since. */
  async update(): Promise<void> {
    for await (const news of this.source.news()) {
      if (news === 'emptied') {
        this.#endLine();
        this.#options.display.mark(`${this.#options.title}, emptied and restarted`);
      } else {
        this.#show(this.#lines.push(news));
      }
    }
  }

  /** Shows a last line that has no end, and lets go of the log. */
  end(): void {
    this.#endLine();
    this.source.close();
  }

  #endLine(): void {
    this.#show(this.#lines.end());
  }

  #show(lines: readonly Buffer[]): void {
    const { display, title, format } = this.#options;
    display.show(title, lines.map(format));
  }
}
