import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveView } from '../../../src/cli/output/live-view.ts';
import { describeTerminal, type Terminal } from '../../../src/cli/output/terminal.ts';

/** The part of a terminal that a live view needs: two screens, where lines are cut or wrapped. */
class Screen {
  columns = 20;
  rows = 4;
  readonly isTTY = true;
  main: string[] = [''];
  alternate: string[] | undefined;
  cursorHidden = false;
  #wraps = true;
  #row = 0;
  #column = 0;

  get terminal(): Terminal {
    const stream = this as unknown as NodeJS.WriteStream;
    return describeTerminal(stream, { TERM: 'xterm', LANG: 'C.UTF-8' });
  }

  /** What is on the alternate screen, without the empty lines at its end. */
  get drawn(): string[] | undefined {
    return this.alternate?.slice(0, this.alternate.findLastIndex((line) => line !== '') + 1);
  }

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what this reads
    for (const [part] of text.matchAll(/\x1b\[[?\d]*[a-zA-Z]|[\r\n]|[^\x1b\r\n]+/g)) this.#take(part);
    return true;
  }

  #take(part: string): void {
    const lines = this.alternate ?? this.main;
    if (part === '\x1b[?1049h') this.alternate = [''];
    else if (part === '\x1b[?1049l') {
      this.alternate = undefined;
      this.#row = this.main.length - 1;
      this.#column = 0;
    } else if (part === '\x1b[?25l' || part === '\x1b[?25h') this.cursorHidden = part.endsWith('l');
    else if (part === '\x1b[?7l' || part === '\x1b[?7h') this.#wraps = part.endsWith('h');
    else if (part === '\x1b[H') [this.#row, this.#column] = [0, 0];
    else if (part === '\x1b[K') lines[this.#row] = (lines[this.#row] ?? '').slice(0, this.#column);
    else if (part === '\x1b[J') {
      lines[this.#row] = (lines[this.#row] ?? '').slice(0, this.#column);
      lines.length = this.#row + 1;
    } else if (part === '\r') this.#column = 0;
    else if (part === '\n') {
      this.#row++;
      if (!this.alternate) this.#column = 0;
      lines[this.#row] ??= '';
    } else {
      assert.ok(!part.startsWith('\x1b'), `an unknown control sequence ${JSON.stringify(part)}`);
      const room = this.alternate && !this.#wraps ? this.columns - this.#column : part.length;
      const line = (lines[this.#row] ?? '').padEnd(this.#column);
      lines[this.#row] = line.slice(0, this.#column) + part.slice(0, room) + line.slice(this.#column + room);
      this.#column += Math.min(room, part.length);
      // The cursor stays on the last column.
      if (this.alternate && !this.#wraps) this.#column = Math.min(this.#column, this.columns - 1);
    }
  }
}

test('a picture is drawn over itself as it shrinks and grows, and its last form stays', () => {
  const screen = new Screen();
  screen.write('$ banger\n');
  let picture = 'one\ntwo\nthree\n';
  {
    using view = new LiveView(screen.terminal, () => picture);
    view.draw();
    assert.deepEqual([screen.drawn, screen.cursorHidden], [['one', 'two', 'three'], true]);
    picture = 'o\n';
    view.draw();
    assert.deepEqual(screen.drawn, ['o']);
    picture = 'a line as wide as it\nb\n';
    view.draw();
    assert.deepEqual(screen.drawn, ['a line as wide as it', 'b']);
    picture = '1\n2\n3\na last line of twenty\n';
    view.draw();
    assert.deepEqual(screen.drawn, ['1', '2', '3', 'a last line of twent']);
    picture = 'a line wider than the window\nb\n';
    view.draw();
    assert.deepEqual(screen.drawn, ['a line wider than th', 'b']);
  }
  assert.deepEqual([screen.alternate, screen.cursorHidden], [undefined, false]);
  assert.deepEqual(screen.main, ['$ banger', 'a line wider than the window', 'b', '']);
});

test('what a window has no room for is told, and a new size counts at once', () => {
  const screen = new Screen();
  using view = new LiveView(screen.terminal, () => '1\n2\n3\n4\n5\n6\n');
  view.draw();
  assert.deepEqual(screen.drawn, ['1', '2', '3', '… 3 more']);
  screen.rows = 6;
  process.emit('SIGWINCH', 'SIGWINCH');
  assert.deepEqual(screen.drawn, ['1', '2', '3', '4', '5', '6']);
});

test('a view that was never drawn leaves no trace', () => {
  const screen = new Screen();
  const listeners = () =>
    ['SIGWINCH', 'SIGCONT', 'SIGTSTP', 'exit'].map((name) => process.listenerCount(name));
  const before = listeners();
  new LiveView(screen.terminal, () => 'x\n')[Symbol.dispose]();
  assert.deepEqual([screen.main, listeners()], [[''], before]);
});
