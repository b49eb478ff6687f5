import { randomUUID } from 'node:crypto';
import type { Client } from 'ssh2';
import { untilAborted } from '../common/abort.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import type { Outcome } from '../common/exec.ts';
import { guestCommand } from '../ssh/guest-command.ts';
import type { SshConnection } from '../ssh/options.ts';
import { type ChannelOptions, guardInput, runOverChannel } from './channel.ts';
import { connectSsh, unreachable } from './ssh-client.ts';

export interface ShellOptions extends ChannelOptions {
  /** Where to run it; root's home where absent. The status is 125 if it cannot be entered. */
  cwd?: string | undefined;
}

/** Runs commands in a guest, for banger itself: without a terminal, their output kept. */
export interface GuestShell {
  /**
   * Runs a program to its end, whatever its status. One that is given up gets SIGHUP, with its children.
   * @param argv given as they are: no shell of the guest reads them
   * @throws GuestUnreachable if the connection fails, Timeout, Cancelled, InvalidArgs, InvalidConfig for a key
   * that cannot be used
   */
  execute(argv: readonly string[], options: ShellOptions): Promise<Outcome>;
}

/** How long a connection is kept after its last use. */
const idleMs = 60_000;
const hangUpMs = 10_000;

/** A connection that commands share. */
interface Shared {
  client: Promise<Client>;
  users: number;
  idle?: NodeJS.Timeout;
}

/**
 * The connections to guests: one for each, made when something is first run in it, because a handshake is what
 * costs most in an emulated guest, and kept for a while. None of them keeps the process alive by itself.
 */
export class GuestShells {
  readonly #shared = new Map<string, Shared>();
  readonly #idleMs: number;

  /** @param idle milliseconds that a connection is kept after its last use */
  constructor(idle = idleMs) {
    this.#idleMs = idle;
  }

  /**
   * The shell of a guest; nothing is connected yet.
   * @param id the VM's, which is what connections are told apart by
   * @param locate asked at every new connection
   */
  shellOf(id: string, locate: () => Promise<SshConnection>): GuestShell {
    return {
      execute: async (argv, options) => {
        const letGo = guardInput(options.input);
        try {
          return await this.#execute(id, locate, argv, options);
        } finally {
          letGo();
        }
      },
    };
  }

  /** Ends the connection to a guest, as when it stops; what runs over it fails. */
  close(id: string): void {
    const shared = this.#shared.get(id);
    if (!shared) return;
    this.#shared.delete(id);
    clearTimeout(shared.idle);
    shared.client.then((client) => client.destroy()).catch(() => undefined);
  }

  /** Ends all connections. */
  closeAll(): void {
    for (const id of [...this.#shared.keys()]) this.close(id);
  }

  async #execute(
    id: string,
    locate: () => Promise<SshConnection>,
    argv: readonly string[],
    { cwd, ...options }: ShellOptions,
  ): Promise<Outcome> {
    // Its own name for this run, by which it is found again in the guest.
    const name = `banger-${randomUUID()}`;
    const command = guestCommand(argv, { cwd, name });
    const shared = this.#take(id, locate);
    try {
      const client = await unlessAborted(shared.client, options.signal);
      return await runOverChannel(client, command, options).catch((error: unknown) => {
        if (isGivenUp(error)) void this.#hangUp(id, shared, client, name);
        throw error;
      });
    } finally {
      this.#release(id, shared);
    }
  }

  #take(id: string, locate: () => Promise<SshConnection>): Shared {
    const shared = this.#shared.get(id) ?? this.#open(id, locate);
    clearTimeout(shared.idle);
    shared.users++;
    return shared;
  }

  #open(id: string, locate: () => Promise<SshConnection>): Shared {
    const shared: Shared = { client: locate().then(connectSsh), users: 0 };
    this.#shared.set(id, shared);
    const gone = () => {
      if (this.#shared.get(id) === shared) this.#shared.delete(id);
    };
    shared.client.then((client) => client.setMaxListeners(0).once('close', gone), gone);
    return shared;
  }

  #release(id: string, shared: Shared): void {
    shared.users--;
    if (shared.users > 0 || this.#shared.get(id) !== shared) return;
    shared.idle = setTimeout(() => this.close(id), this.#idleMs).unref();
  }

  /**
   * Has a command that was given up end: sshd itself only closes its streams. sshd made it the leader of a
   * process group.
   */
  async #hangUp(id: string, shared: Shared, client: Client, name: string): Promise<void> {
    shared.users++;
    // The pattern does not match the arguments in which it stands. What was given up at once may be starting.
    const pattern = name.replace('banger-', '[b]anger-');
    const script = `for try in 1 2 3; do
      for file in $(grep -ls -e "$1" /proc/[0-9]*/cmdline); do
        pid=\${file#/proc/}; kill -HUP "-\${pid%/cmdline}" 2>/dev/null && exit; done; sleep 1; done`;
    const command = guestCommand(['sh', '-c', script, 'sh', pattern]);
    await runOverChannel(client, command, { timeoutMs: hangUpMs }).catch(() => undefined);
    this.#release(id, shared);
  }
}

function isGivenUp(error: unknown): boolean {
  return error instanceof BangerError && (error.code === 'Timeout' || error.code === 'Cancelled');
}

/** Waits for a connection that others may wait for too. @throws Cancelled, and why there is no connection */
async function unlessAborted(client: Promise<Client>, signal: AbortSignal | undefined): Promise<Client> {
  try {
    return await untilAborted(client, signal, 'while the guest let ssh in');
  } catch (error) {
    throw error instanceof BangerError ? error : unreachable(getMessage(error));
  }
}
