import { spawn } from 'node:child_process';
import { unwatchFile, watchFile } from 'node:fs';

/** Programs that print a line when what the rules depend on changes: ways out, forwarding, the tables themselves. */
const monitors = [
  ['ip', 'monitor', 'route', 'netconf'],
  ['nft', 'monitor', 'destroy', 'tables'],
] as const;
/** They change rarely and are told of by no event that Node knows for files that are replaced. */
const files = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];
const fileIntervalMs = 5_000;
/** Changes come in bursts. */
const quietMs = 300;
const againMs = 5_000;

/** Watches the host until it is told to end. */
export class Watch {
  readonly #onChange: () => void;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange called once things are quiet again after a change */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    for (const [file, ...args] of monitors) this.#monitor(file, args);
    for (const file of files) watchFile(file, { interval: fileIntervalMs, persistent: false }, this.#changed);
  }

  end(): void {
    this.#end.abort();
    clearTimeout(this.#timer);
    for (const file of files) unwatchFile(file, this.#changed);
  }

  #monitor(file: string, args: readonly string[]): void {
    if (this.#end.signal.aborted) return;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'], signal: this.#end.signal });
    child.stdout.on('data', this.#changed);
    child.on('error', () => undefined);
    child.on('close', () => {
      // What happened meanwhile is seen by looking.
      this.#changed();
      if (!this.#end.signal.aborted) setTimeout(() => this.#monitor(file, args), againMs).unref();
    });
  }

  readonly #changed = (): void => {
    clearTimeout(this.#timer);
    if (!this.#end.signal.aborted) this.#timer = setTimeout(this.#onChange, quietMs);
  };
}
