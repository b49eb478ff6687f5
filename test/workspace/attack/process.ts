import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { bundledProgram } from './bundle.ts';
import type { Reply, Request } from './program.ts';

/** A prepare that has begun. */
export interface Prepare {
  /** How it ended; nothing if its process was killed before. */
  ended: Promise<Reply | undefined>;
  cancel(): void;
}

const sampleMs = 50;

/** A process that prepares workspaces as the daemon does. It is measured with all its children. */
export class PrepareProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply | undefined) => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #maxBytes: number;
  #peakBytes = 0;
  #last = 0;

  /** @param maxBytes of memory, of it and its children together; with more they are killed */
  static async start(maxBytes: number, env: NodeJS.ProcessEnv = {}): Promise<PrepareProcess> {
    const child = fork(await bundledProgram(), [], {
      env: { ...process.env, ...env },
      execArgv: [],
    });
    await once(child, 'message');
    return new PrepareProcess(child, maxBytes);
  }

  private constructor(child: ChildProcess, maxBytes: number) {
    this.#child = child;
    this.#maxBytes = maxBytes;
    child.on('message', (reply: Reply) => this.#settle(reply.id, reply));
    child.on('exit', () => {
      for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
    });
    this.#timer = setInterval(() => this.#sample(), sampleMs);
    this.#timer.unref();
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The most memory that was seen, in bytes: the high-water marks of all processes that ran at one time. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  get isTooLarge(): boolean {
    return this.#peakBytes > this.#maxBytes;
  }

  /** The command lines of what it started and what still runs. */
  get children(): string[] {
    return this.#tree()
      .slice(1)
      .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
      .filter((line) => line !== '');
  }

  prepare(request: Omit<Request, 'id'>): Prepare {
    this.#last += 1;
    const id = this.#last;
    const ended = new Promise<Reply | undefined>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ ...request, id });
    return { ended, cancel: () => void (this.isRunning && this.#child.send({ cancel: id })) };
  }

  /** Kills it and its children, which a blocked one would not outlive anyway. */
  async kill(): Promise<void> {
    clearInterval(this.#timer);
    const gone = this.isRunning ? once(this.#child, 'exit') : undefined;
    for (const pid of this.#tree()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await gone;
  }

  #settle(id: number, reply: Reply | undefined): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  #sample(): void {
    const bytes = this.#tree().reduce((sum, pid) => sum + highWater(pid), 0);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    if (this.isTooLarge && this.isRunning) void this.kill();
  }

  /** The process ids of it and its children and theirs; none if it ended. */
  #tree(): number[] {
    const all = this.isRunning && this.#child.pid !== undefined ? [this.#child.pid] : [];
    for (const pid of all) {
      const threads = read(`/proc/${pid}/task/${pid}/children`);
      all.push(...threads.split(' ').filter(Boolean).map(Number));
    }
    return all;
  }
}

function highWater(pid: number): number {
  const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
