import { type Ended, type ProgramOptions, Running } from '../../support/program.ts';
import { childrenOf, type Machine } from './machine.ts';

/** An ordinary user of the test host. */
export type UserName = 'alice' | 'bob';

export interface CommandOptions extends ProgramOptions {
  /** Whether a user's environment has the bus and the runtime directory of a session; it does where absent. */
  bus?: boolean;
}

export const uids: Readonly<Record<UserName, number>> = { alice: 1000, bob: 1001 };
const defaultTimeoutMs = 60_000;
const root = { user: 'root', home: '/root', uid: 0 };

/**
 * Runs programs in a test host: exit status, input and output are the program's own. The environment is that of
 * a session and nothing of this process's; `env` adds to it, `cwd` is the home unless given.
 */
export class Commands {
  protected readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Runs a program as root to its end, whatever its status. */
  asRoot(argv: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    return this.startAsRoot(argv, { input: '', ...options }).ended;
  }

  /** Runs a program as a user to its end, whatever its status. */
  asUser(name: UserName, argv: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    return this.startAsUser(name, argv, { input: '', ...options }).ended;
  }

  startAsRoot(argv: readonly string[], options: CommandOptions = {}): Running {
    return start(this.commandLine(undefined, argv, options), options);
  }

  startAsUser(name: UserName, argv: readonly string[], options: CommandOptions = {}): Running {
    return start(this.commandLine(name, argv, options), options);
  }

  /** Runs a program as root, which must succeed, and gives what it printed without its last line end. */
  async rootSays(...argv: string[]): Promise<string> {
    return said(argv, await this.asRoot(argv));
  }

  /** Runs a program as a user, which must succeed, and gives what it printed without its last line end. */
  async userSays(name: UserName, ...argv: string[]): Promise<string> {
    return said(argv, await this.asUser(name, argv));
  }

  /** The whole command line, for who starts it by another program such as tmux. */
  commandLine(name: UserName | undefined, argv: readonly string[], options: CommandOptions = {}): string[] {
    const { user, home, uid } = name ? { user: name, home: homeOf(name), uid: uids[name] } : root;
    const runtime = `/run/user/${uid}`;
    const env = {
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: '/bin/bash',
      PATH: `${name ? `${home}/.local/bin:` : '/usr/local/sbin:/usr/sbin:'}/usr/local/bin:/usr/bin:/bin`,
      LC_ALL: 'C.UTF-8',
      ...(name && options.bus !== false
        ? { XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus` }
        : {}),
      ...options.env,
    };
    const change = name ? [`--reuid=${uid}`, `--regid=${uid}`, '--init-groups'] : [];
    return [
      ...this.machine.inside(),
      // It ends with nsenter, which is what a deadline kills.
      ...['setpriv', '--pdeathsig=KILL', ...change, '--'],
      // A signal to its process group is none to the test's.
      'setsid',
      ...['env', '-i', `--chdir=${options.cwd ?? home}`],
      ...Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
      ...argv,
    ];
  }
}

export function homeOf(name: UserName): string {
  return `/home/${name}`;
}

/** Sends a signal to the program itself; a signal to the child of `running` would end nsenter. */
export function signalProgram(running: Running, signal: NodeJS.Signals): void {
  const [pid] = childrenOf(running.child.pid ?? 0);
  if (pid === undefined) throw new Error('the program has ended, or not begun');
  process.kill(pid, signal);
}

function start([file = '', ...args]: readonly string[], options: CommandOptions): Running {
  const { input, timeoutMs = defaultTimeoutMs } = options;
  return new Running(file, args, { timeoutMs, ...(input === undefined ? {} : { input }) });
}

function said(argv: readonly string[], { status, stdout, stderr }: Ended): string {
  const output = stdout.toString('utf8');
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${output}${stderr}`);
  return output.replace(/\n$/, '');
}
