import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Commands, type UserName } from './commands.ts';
import { type GuestKind, prepareImages } from './images.ts';
import { installFor, uninstallFor } from './install.ts';
import { type JournalEntry, type JournalQuery, readJournal, writeJournals } from './journal.ts';
import { Keeper } from './keeper.ts';
import { Machine, type SharedDirectory } from './machine.ts';
import { hostRoot } from './root.ts';
import {
  closeSession,
  openSession,
  type Session,
  sessionsOf,
  setLinger,
  userManagerIsUp,
} from './sessions.ts';

export interface HostOptions {
  /** Directories of this host that it sees at a place of its own and cannot change. */
  shared?: readonly SharedDirectory[];
}

/** A unit as `systemctl list-units --output=json` tells it. */
export interface Unit {
  unit: string;
  load: string;
  active: string;
  sub: string;
}

/** A process of the test host, with its pid there. */
export interface HostProcess {
  pid: number;
  user: string;
  args: string;
}

/**
 * A Debian system with systemd of its own in a container: an init, users with managers and buses, logind, polkit,
 * resolved, a private network. Nothing of it outlives `close` or the end of this process.
 */
export class TestHost extends Commands {
  readonly #keeper: Keeper;

  constructor(keeper: Keeper, machine: Machine) {
    super(machine);
    this.#keeper = keeper;
  }

  /** Opens a session of a user, as a login does. */
  login(name: UserName): Promise<void> {
    return openSession(this, name);
  }

  /** Closes what `login` opened; returns when the user's manager has stopped, unless that lingers. */
  logout(name: UserName): Promise<void> {
    return closeSession(this, name);
  }

  sessions(name: UserName): Promise<Session[]> {
    return sessionsOf(this, name);
  }

  /** Turns the lingering of a user's manager on or off. */
  linger(name: UserName, on: boolean): Promise<void> {
    return setLinger(this, name, on);
  }

  userManagerIsUp(name: UserName): Promise<boolean> {
    return userManagerIsUp(this, name);
  }

  /** Shuts the whole host down in order and boots it again with the same disk. */
  reboot(): Promise<void> {
    return this.machine.reboot();
  }

  /** Kills all that runs at once and boots again with the same disk. */
  powerCut(): Promise<void> {
    return this.machine.powerCut();
  }

  journal(query: JournalQuery = {}): Promise<JournalEntry[]> {
    return readJournal(this, query);
  }

  /** Writes the journal, the units, the processes and the console to a directory. */
  collectJournals(directory: string): Promise<void> {
    return writeJournals(this, directory, this.machine.console());
  }

  /** Installs the checkout's build for a user as `make install` does; gives what it said. */
  installFor(name: UserName, prefix?: string): Promise<string> {
    return installFor(this, name, prefix);
  }

  uninstallFor(name: UserName, prefix?: string): Promise<string> {
    return uninstallFor(this, name, prefix);
  }

  /** Gives a user images and the kernel of the guest tests, before the daemon of that user starts. */
  prepareImages(name: UserName, guests?: GuestKind): Promise<void> {
    return prepareImages(this, name, guests);
  }

  /** The units that are loaded: of a user's manager, or of the system's where no user is given. */
  async units(pattern: string, name?: UserName): Promise<Unit[]> {
    const argv = ['systemctl', 'list-units', '--all', '--output=json', pattern];
    const listed = name
      ? await this.userSays(name, 'systemctl', '--user', ...argv.slice(1))
      : await this.rootSays(...argv);
    return JSON.parse(listed);
  }

  /** The processes, of one user if one is given, other than that which lists them. */
  async processes(name?: UserName): Promise<HostProcess[]> {
    const who = name ? ['-u', name] : ['-e'];
    const { stdout } = await this.asRoot(['ps', ...who, '--no-headers', '-ww', '-o', 'pid=,user=,args=']);
    return stdout
      .toString()
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
      .flatMap((match) =>
        match ? [{ pid: Number(match[1]), user: match[2] ?? '', args: match[3] ?? '' }] : [],
      )
      .filter(({ args }) => !args.startsWith('ps '));
  }

  /** All files below a directory, by their whole paths; none if it is not there. */
  async files(directory: string): Promise<string[]> {
    const { stdout } = await this.asRoot(['find', directory, '!', '-type', 'd', '-print0']);
    return stdout.toString('utf8').split('\0').filter(Boolean).sort();
  }

  /** A file of the host as this process can open it; so tests write and read files without a program there. */
  path(inside: string): string {
    return `/proc/${this.machine.leader}/root${inside}`;
  }

  /** The pid, as this process sees it, of its init. */
  get leader(): number {
    return this.machine.leader;
  }

  /** Ends it. @throws AssertionError if a process, a mount, a file or a cgroup is left of it */
  async close(): Promise<void> {
    await this.machine.end();
    await this.#keeper.close();
    const { cgroup, disk } = this.#keeper;
    assert.equal(existsSync(cgroup), false, 'the cgroup of the test host was left');
    assert.equal(existsSync(disk), false, 'the disk of the test host was left');
    assert.equal(existsSync(`/proc/${this.#keeper.pid}`), false, 'the keeper of the test host was left');
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /\/run\/host-root/);
  }
}

/**
 * Boots a test host; its root is made first if it is not there. Users alice and bob are not logged in.
 * @throws Error if a unit of it fails
 */
export async function openHost(options: HostOptions = {}): Promise<TestHost> {
  assert.equal(process.getuid?.(), 0, 'the host tests need root for systemd-nspawn: run `sudo make test`');
  const keeper = await Keeper.start(await hostRoot());
  const machine = new Machine(keeper, options.shared ?? []);
  const host = new TestHost(keeper, machine);
  try {
    await machine.boot();
  } catch (error) {
    await host.close();
    throw error;
  }
  return host;
}
