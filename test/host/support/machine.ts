import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Running, runProgram, until } from '../../support/program.ts';
import type { Keeper } from './keeper.ts';

/** Some of this host's files, which the test host sees, too, but cannot change. */
export interface SharedDirectory {
  source: string;
  target: string;
}

const bootTimeoutMs = 90_000;
/** systemd gives a unit 90 s to stop. */
const shutdownTimeoutMs = 150_000;
const lifetimeMs = 3_600_000;
/** systemd-nspawn(1): what it ends with under --keep-unit when its container reboots. */
const rebootStatus = 133;

/** The system that runs on a keeper's disk: it can be booted many times, one after the other. */
export class Machine {
  readonly #keeper: Keeper;
  readonly #shared: readonly SharedDirectory[];
  #boots = 0;
  #nspawn: Running | undefined;
  #leader = 0;

  constructor(keeper: Keeper, shared: readonly SharedDirectory[]) {
    this.#keeper = keeper;
    this.#shared = shared;
  }

  /** The pid, as this process sees it, of the system's init. */
  get leader(): number {
    return this.#leader;
  }

  /** The beginning of a command line that runs the rest of it in the system, as root. */
  inside(): string[] {
    // nsenter does not change the cgroup, and what runs in none of the system's would outlive it.
    const move = ['sh', '-c', 'echo 0 >"$0" && exec "$@"', join(this.#commandsCgroup(), 'cgroup.procs')];
    return [...move, 'nsenter', '--all', `--target=${this.#leader}`, '--'];
  }

  /** Boots and waits until all units are up. @throws Error if one fails */
  async boot(): Promise<void> {
    this.#boots++;
    mkdirSync(this.#cgroup());
    const binds = this.#shared.map(({ source, target }) => `--bind-ro=${source}:${target}`);
    const [file = '', ...args] = [
      ...['setsid', 'sh', '-c', 'echo 0 >"$0" && exec "$@"', join(this.#cgroup(), 'cgroup.procs')],
      ...this.#keeper.inside(),
      ...['env', 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1', 'systemd-nspawn', '--quiet', '--boot'],
      ...[
        '--directory=/run/host-root',
        '--machine=testhost',
        '--register=no',
        '--keep-unit',
        '--console=pipe',
      ],
      ...['--private-network', '--resolv-conf=off', '--timezone=off', '--link-journal=no'],
      ...['--bind=/run/tun:/dev/net/tun', ...binds],
    ];
    const nspawn = new Running(file, args, { input: '', timeoutMs: lifetimeMs });
    this.#nspawn = nspawn;
    let ended = false;
    nspawn.ended.finally(() => (ended = true)).catch(() => undefined);
    const alive = () => {
      if (ended) throw new Error(`the test host does not boot: ${nspawn.said()}`);
    };
    await until('the test host has an init', () => {
      alive();
      this.#leader = initBelow(nspawn.child.pid ?? 0) ?? 0;
      return this.#leader !== 0 && existsSync(join(this.#cgroup(), 'payload/init.scope'));
    });
    mkdirSync(this.#commandsCgroup());
    let state = '';
    await until(
      'the test host is up',
      async () => {
        alive();
        state = (await this.#systemctl('is-system-running')).stdout.toString().trim();
        return ['running', 'degraded'].includes(state);
      },
      bootTimeoutMs,
    );
    if (state === 'running') return;
    const failed = await this.#systemctl('list-units', '--failed', '--plain', '--no-legend');
    throw new Error(`units of the test host failed: ${failed.stdout}`);
  }

  /** Shuts down in order, with all that units do when they stop, and boots again. */
  async reboot(): Promise<void> {
    await this.#systemctl('reboot', '--no-block');
    const late = setTimeout(() => this.#kill(), shutdownTimeoutMs);
    const ended = await this.#nspawn?.ended.finally(() => clearTimeout(late));
    if (ended?.status !== rebootStatus) throw new Error(`the test host did not reboot: ${ended?.stderr}`);
    await this.boot();
  }

  /** Ends all at once, as without power, and boots again. */
  async powerCut(): Promise<void> {
    await this.end();
    await this.boot();
  }

  /** Ends all at once. */
  async end(): Promise<void> {
    if (!this.#nspawn) return;
    this.#kill();
    await this.#nspawn.ended;
    this.#nspawn = undefined;
    await until('no process of the test host is left', () =>
      /^populated 0$/m.test(readFileSync(join(this.#cgroup(), 'cgroup.events'), 'utf8')),
    );
  }

  /** What the system wrote on its console since it was booted. */
  console(): string {
    return this.#nspawn?.stdout() ?? '';
  }

  #kill(): void {
    writeFileSync(join(this.#cgroup(), 'cgroup.kill'), '1');
  }

  #cgroup(): string {
    return join(this.#keeper.cgroup, `boot-${this.#boots}`);
  }

  /** Beside those of the system's units, which never touches it. */
  #commandsCgroup(): string {
    return join(this.#cgroup(), 'payload/test-commands');
  }

  #systemctl(...args: string[]) {
    const [file = '', ...rest] = [...this.inside(), 'systemctl', ...args];
    return runProgram(file, rest, { timeoutMs: 30_000 });
  }
}

/** The process below a given one that is the first of its own process namespace. See proc(5) for NSpid. */
function initBelow(pid: number): number | undefined {
  for (const child of childrenOf(pid)) {
    if (/^NSpid:.*\t1$/m.test(read(`/proc/${child}/status`))) return child;
    const found = initBelow(child);
    if (found) return found;
  }
  return undefined;
}

/** The processes that another started and that still run, as this process sees their pids. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}
