import type { Readable } from 'node:stream';

/** What a command in the guest gave. */
export interface ShellOutcome {
  /** The exit status, or 128 plus the number of the signal that ended it. */
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs commands in a guest, as root, through whatever reaches it. */
export interface StreamShell {
  /**
   * Runs a command to its end, whatever its status.
   * @param argv the program and its arguments, given as they are: no shell of the guest reads them
   * @param options `input` is streamed to its standard input and then closed; without it there is none
   * @throws GuestUnreachable, Timeout, Cancelled
   */
  execute(
    argv: readonly string[],
    options: { input?: Readable | undefined; timeoutMs: number; signal: AbortSignal },
  ): Promise<ShellOutcome>;
}
