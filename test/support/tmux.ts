import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, until } from './program.ts';

export interface TmuxOptions {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  columns?: number;
  rows?: number;
  /** What runs in it; otherwise a bash whose prompt tells the last status. */
  command?: readonly string[];
}

const commandTimeoutMs = 20_000;
const defaultTimeoutMs = 90_000;
/** At the beginning of a line; tmux tells no blanks at its end. */
const prompt = /^\[(\d+)\]>/;

/** A real terminal: a tmux server of its own with one window. Disposal ends it with all that runs in it. */
export class Tmux implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'banger-tmux-'));
  readonly #options: TmuxOptions;

  private constructor(options: TmuxOptions) {
    this.#options = options;
  }

  /** Opens a terminal of 80 by 24 unless the options say otherwise. */
  static async open(options: TmuxOptions): Promise<Tmux> {
    const terminal = new Tmux(options);
    const { columns = 80, rows = 24, command = ['bash', '--norc', '--noprofile'] } = options;
    await terminal.#tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), '--', ...command);
    if (!options.command) await terminal.shows(prompt);
    return terminal;
  }

  /** What the window shows, lines without trailing blanks. @param escapes with the sequences for colours */
  async screen({ escapes = false } = {}): Promise<string> {
    return await this.#tmux('capture-pane', '-p', ...(escapes ? ['-e'] : []));
  }

  /** All that was shown, with wrapped lines put together. */
  async history(): Promise<string> {
    return await this.#tmux('capture-pane', '-p', '-J', '-S', '-');
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text);
  }

  /** Presses keys by tmux's names: `Enter`, `Tab`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Presses keys, by tmux's names, and types texts in one go. No text may end with a semicolon. */
  async send(...parts: readonly (string | { text: string })[]): Promise<void> {
    const commands = parts.map((part) =>
      typeof part === 'string' ? ['send-keys', part] : ['send-keys', '-l', '--', part.text],
    );
    await this.#tmux(...commands.flatMap((command, index) => (index === 0 ? command : [';', ...command])));
  }

  /** Types a line and presses Enter. */
  async enter(line: string): Promise<void> {
    await this.type(line);
    await this.press('Enter');
  }

  /** Leaves nothing in the window but the shell's prompt. */
  async clear(): Promise<void> {
    await this.press('C-l');
    await this.shows(/^\[\d+\]>\s*$/);
    await this.#tmux('clear-history');
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until the window shows something. @throws Error with what it shows if it does not in time */
  async shows(what: RegExp, timeoutMs = defaultTimeoutMs): Promise<string> {
    let screen = '';
    try {
      const isThere = async () => {
        screen = await this.screen();
        return what.test(screen);
      };
      await until(String(what), isThere, timeoutMs);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}; the terminal shows:\n${screen}`);
    }
    return screen;
  }

  /** Runs a line in the shell to its end. @returns its status and what the terminal showed of it */
  async run(line: string, timeoutMs = defaultTimeoutMs): Promise<{ status: number; shown: string }> {
    const before = await this.promptCount();
    await this.enter(line);
    return await this.prompted(before, timeoutMs);
  }

  /** How many prompts of the shell there were; for `prompted`. */
  async promptCount(): Promise<number> {
    return promptsIn(await this.history()).length;
  }

  /** Waits until the shell has prompted again after so many prompts. @returns as `run` */
  async prompted(before: number, timeoutMs = defaultTimeoutMs): Promise<{ status: number; shown: string }> {
    let lines: string[] = [];
    let prompts: { line: number; status: number }[] = [];
    const isPrompted = async () => {
      const history = await this.history();
      lines = history.split('\n');
      prompts = promptsIn(history);
      return prompts.length > before;
    };
    await until('a prompt', isPrompted, timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}; the terminal shows:\n${lines.join('\n')}`);
    });
    const [asked, answered] = prompts.slice(before - 1);
    const shown = lines.slice((asked?.line ?? -1) + 1, answered?.line).join('\n');
    return { status: answered?.status ?? -1, shown };
  }

  /** The terminal vanishes, as a window that is closed. */
  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #tmux(...args: string[]): Promise<string> {
    const { env, cwd } = this.#options;
    const { TMUX: _ours, TERM: _term, ...outer } = env;
    const { status, stdout, stderr } = await runProgram(
      'tmux',
      ['-u', '-f', '/dev/null', '-S', join(this.#directory, 'socket'), ...args],
      {
        env: { PS1: '[$?]> ', TERM: 'xterm-256color', ...outer, HISTFILE: '' },
        timeoutMs: commandTimeoutMs,
        ...(cwd !== undefined && { cwd }),
      },
    );
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout.toString('utf8');
  }
}

function promptsIn(history: string): { line: number; status: number }[] {
  return history.split('\n').flatMap((text, line) => {
    const [, status] = prompt.exec(text) ?? [];
    return status === undefined ? [] : [{ line, status: Number(status) }];
  });
}
