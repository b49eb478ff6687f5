import type { Terminal } from './terminal.ts';

/** XTerm control sequences, which every terminal that is not dumb knows or passes over. */
const alternateScreen = { enter: '\x1b[?1049h', leave: '\x1b[?1049l' };
const cursor = { hide: '\x1b[?25l', show: '\x1b[?25h', home: '\x1b[H' };
const wrap = { off: '\x1b[?7l', on: '\x1b[?7h' };
const clear = { line: '\x1b[K', below: '\x1b[J' };

/**
 * Draws a picture over and over in one place: on the terminal's alternate screen, so that a picture that
 * shrinks, grows or meets a window of another size never touches what was there before. At the end, however
 * that comes, the terminal is as it was, with the last picture below what was there before.
 */
export class LiveView implements Disposable {
  readonly #terminal: Terminal;
  readonly #picture: () => string;
  readonly #redraw = () => this.draw();
  readonly #suspend = () => this.#leaveUntilContinued();
  readonly #end = () => this[Symbol.dispose]();
  #shown = false;

  /**
   * @param terminal one that is live
   * @param picture the lines as they are now, each with its line end; asked for anew when the window changes
   */
  constructor(terminal: Terminal, picture: () => string) {
    this.#terminal = terminal;
    this.#picture = picture;
    process.on('SIGWINCH', this.#redraw);
    process.on('SIGCONT', this.#redraw);
    process.on('SIGTSTP', this.#suspend);
    process.on('exit', this.#end);
  }

  /** Draws the picture as it is now. What does not fit into the window is cut, with a mark in the last line. */
  draw(): void {
    const lines = this.#picture().split('\n').slice(0, -1);
    const rows = this.#terminal.rows() ?? lines.length + 1;
    const fits = lines.length <= rows;
    const mark = this.#terminal.unicode ? '…' : '...';
    const seen = fits ? lines : [...lines.slice(0, rows - 1), `${mark} ${lines.length - rows + 1} more`];
    const start = this.#shown ? '' : alternateScreen.enter + cursor.hide;
    this.#shown = true;
    // Without wrapping, a line that is too long is cut by the terminal, whatever it is made of. Cleared first:
    // behind a line that fills the window, the cursor stands on its last character.
    const drawn = seen.map((line) => clear.line + line).join('\r\n');
    const rest = seen.length < rows ? `\r\n${clear.below}` : '';
    this.#terminal.write(`${start}${wrap.off}${cursor.home}${drawn}${rest}${wrap.on}`);
  }

  /** Leaves the terminal as it was, and the last picture on it. */
  [Symbol.dispose](): void {
    process.off('SIGWINCH', this.#redraw);
    process.off('SIGCONT', this.#redraw);
    process.off('SIGTSTP', this.#suspend);
    process.off('exit', this.#end);
    if (!this.#shown) return;
    this.#hide();
    this.#terminal.write(this.#picture());
  }

  #hide(): void {
    this.#shown = false;
    this.#terminal.write(cursor.show + alternateScreen.leave);
  }

  #leaveUntilContinued(): void {
    if (this.#shown) this.#hide();
    process.kill(process.pid, 'SIGSTOP');
  }
}
