import type { JobObserver } from '../../client/job.ts';
import { printable } from '../../common/text.ts';
import { stageText } from './stage-names.ts';
import type { Terminal } from './terminal.ts';
import { fit } from './text.ts';
import { duration } from './time.ts';

/** Shows the stages of one job while it runs. */
export interface StageDisplay extends Required<Omit<JobObserver, 'changed'>> {
  /** Says something between the stages. */
  note(text: string): void;
}

const redrawMs = 100;
const barWidth = 20;
const cancellingNote = 'cancelling; press Ctrl-C again to leave at once';

/** One live line per stage on a terminal, in words; plain lines with its code elsewhere or where several jobs share the output. */
export function stageDisplay(terminal: Terminal, label?: string): StageDisplay {
  return terminal.live && label === undefined ? new LiveStages(terminal) : new PlainStages(terminal, label);
}

class PlainStages implements StageDisplay {
  readonly #terminal: Terminal;
  readonly #prefix: string;
  #last = '';

  constructor(terminal: Terminal, label: string | undefined) {
    this.#terminal = terminal;
    this.#prefix = label === undefined ? '' : `${printable(label)}: `;
  }

  stage(name: string, progress: number): void {
    // Quarters are enough to see in a log that it goes on.
    const quarters = Math.floor(progress * 4);
    const text = quarters > 0 ? `${printable(name)} ${quarters * 25}%` : printable(name);
    if (name !== '' && text !== this.#last) this.note(`stage ${text}`);
    this.#last = text;
  }

  note(text: string): void {
    this.#terminal.write(`${this.#prefix}${printable(text)}\n`);
  }

  cancelling(): void {
    this.note(cancellingNote);
  }

  end(): void {}
}

class LiveStages implements StageDisplay {
  readonly #terminal: Terminal;
  readonly #marks: { spinner: readonly string[]; done: string; failed: string; full: string; empty: string };
  #current: { name: string; progress: number; since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#marks = terminal.unicode
      ? { spinner: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'], done: '✓', failed: '✗', full: '█', empty: '░' }
      : { spinner: [...'|/-\\'], done: '+', failed: 'x', full: '#', empty: '-' };
  }

  stage(name: string, progress: number): void {
    if (name === '') return;
    if (this.#current?.name === name) {
      this.#current.progress = progress;
      return;
    }
    this.#settle(true);
    this.#current = { name, progress, since: performance.now() };
    this.#timer ??= setInterval(() => this.#draw(), redrawMs).unref();
    this.#draw();
  }

  note(text: string): void {
    this.#terminal.write(`\r\x1b[K${printable(text)}\n`);
    this.#draw();
  }

  cancelling(): void {
    this.note(cancellingNote);
  }

  end(succeeded: boolean): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#settle(succeeded);
  }

  #draw(): void {
    if (!this.#current) return;
    const { spinner } = this.#marks;
    const mark = spinner[this.#frame++ % spinner.length] ?? '';
    this.#terminal.write(`\r${mark} ${this.#line(this.#current)}\x1b[K`);
  }

  #settle(succeeded: boolean): void {
    if (!this.#current) return;
    const mark = succeeded
      ? this.#terminal.style('green', this.#marks.done)
      : this.#terminal.style('red', this.#marks.failed);
    this.#terminal.write(`\r${mark} ${this.#line({ ...this.#current, progress: -1 })}\x1b[K\n`);
    this.#current = undefined;
  }

  #line({ name, progress, since }: { name: string; progress: number; since: number }): string {
    const parts = [printable(stageText(name))];
    if (progress >= 0) {
      const full = Math.round(Math.min(progress, 1) * barWidth);
      const bar = this.#marks.full.repeat(full) + this.#marks.empty.repeat(barWidth - full);
      parts.push(`${bar} ${String(Math.floor(Math.min(progress, 1) * 100)).padStart(3)}%`);
    }
    parts.push(duration(performance.now() - since));
    // The mark and the column that a terminal wraps at.
    return fit(parts.join(' '), (this.#terminal.columns() ?? 80) - 3, this.#terminal.unicode ? '…' : '~');
  }
}
