import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgramOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Standard input; none where absent. */
  input?: string | Buffer;
  /** Milliseconds after which it is killed and the test fails. */
  timeoutMs?: number;
}

/** The exit status and the output of a program. */
export interface Ended {
  /** The exit status, or 128 plus the number of the signal that ended it. */
  status: number;
  stdout: Buffer;
  stderr: string;
}

const defaultTimeoutMs = 180_000;
const pollMs = 25;

/** A program that a test started and talks to while it runs. */
export class Running {
  readonly child: ChildProcess;
  /** Fulfilled when it has ended and its output is closed; rejected if it did not end in time. */
  readonly ended: Promise<Ended>;
  readonly #command: string;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #over = false;

  constructor(file: string, args: readonly string[], options: ProgramOptions = {}) {
    const { env, cwd, input, timeoutMs = defaultTimeoutMs } = options;
    this.#command = [file, ...args].join(' ').slice(0, 200);
    this.child = spawn(file, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    // A program may end without reading its input.
    this.child.stdin?.on('error', () => undefined);
    if (input !== undefined) this.child.stdin?.end(input);
    this.ended = new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.child.kill('SIGKILL');
        reject(new Error(`${this.#command} did not end within ${timeoutMs / 1000} s: ${this.said()}`));
      }, timeoutMs);
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => {
        clearTimeout(late);
        this.#over = true;
        const status = code ?? 128 + (signal ? constants.signals[signal] : 0);
        resolve({ status, stdout: Buffer.concat(this.#stdout), stderr: this.stderr() });
      });
    });
    // Whoever waits for it gets the rejection.
    this.ended.catch(() => undefined);
  }

  stdout(): string {
    return Buffer.concat(this.#stdout).toString('utf8');
  }

  stderr(): string {
    return Buffer.concat(this.#stderr).toString('utf8');
  }

  /** All it has said so far, for the message of a failure. */
  said(): string {
    return `${this.stdout()}${this.stderr()}`.slice(-2_000);
  }

  /** Waits until its output holds a text. @throws Error if it ends before or says it not in time */
  async says(text: string, timeoutMs = defaultTimeoutMs): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const said = () => this.stdout().includes(text) || this.stderr().includes(text);
    while (!said()) {
      if (this.#over || Date.now() > deadline) {
        throw new Error(`${this.#command} ${this.#over ? 'ended' : 'waits'} without ${text}: ${this.said()}`);
      }
      await sleep(pollMs);
    }
  }
}

/** Runs a program to its end. Its input is empty where the options give none. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return new Running(file, args, { input: '', ...options }).ended;
}

/** Waits until something holds. @throws Error with what was waited for if it does not in time */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`within ${timeoutMs / 1000} s it did not come to this: ${what}`);
    await sleep(pollMs * 4);
  }
}
