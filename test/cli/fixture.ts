import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userPaths } from '../../src/common/paths.ts';
import { startBus } from '../bus/bus-daemon.ts';
import { makeArtifacts } from '../support/artifacts.ts';
import { runCli } from '../support/in-process/cli.ts';
import { type DaemonOptions, InProcessDaemon } from '../support/in-process/daemon.ts';
import { fakeSsh } from './fake-ssh.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const deadlineMs = 30_000;

/** The size of new VMs, so that it does not depend on the host. */
const configuration = '[vm_defaults]\nvcpu = 2\nmemory = "1G"\ndisk_size = "8G"\n';

export interface CliResult {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onStart?: (child: ChildProcess) => void;
  /** Called whenever there is more of stdout and stderr together. */
  onOutput?: (all: string, child: ChildProcess) => void;
}

/** A private bus and a home on it, the real CLI, and the daemon in this process once it is started. */
export async function startFixture() {
  const bus = await startBus();
  const { directory } = bus;
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh'), fakeSsh);
  chmodSync(join(bin, 'ssh'), 0o755);
  const sshArgs = join(directory, 'ssh-args');
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: directory,
    XDG_RUNTIME_DIR: directory,
    DBUS_SESSION_BUS_ADDRESS: bus.address,
    FAKE_SSH_ARGS: sshArgs,
    SHELL: '/bin/sh',
    // Most of the time of a start from the sources is spent on what this remembers.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(directory, 'compile-cache'),
  };
  const { config, state } = userPaths(env);
  mkdirSync(config, { recursive: true, mode: 0o700 });
  writeFileSync(join(config, 'config.toml'), configuration, { mode: 0o600 });
  let daemon: InProcessDaemon | undefined;

  return {
    bus,
    directory,
    get daemon(): InProcessDaemon {
      if (!daemon) throw new Error('no daemon was started');
      return daemon;
    },
    /** Starts a daemon that knows an image and a kernel and no VM, in place of the present one. */
    async renew(options: Omit<DaemonOptions, 'address' | 'env'> = {}) {
      await daemon?.stop();
      daemon = undefined;
      rmSync(state, { recursive: true, force: true });
      writeFileSync(sshArgs, '');
      makeArtifacts({ env });
      daemon = await InProcessDaemon.start({ address: bus.address, env, ...options });
    },
    /** Starts another daemon in the home that one which crashed has left. */
    async restart(options: Omit<DaemonOptions, 'address' | 'env'>) {
      daemon = await InProcessDaemon.start({ address: bus.address, env, ...options });
    },
    env,
    sshArgs: () => (existsSync(sshArgs) ? readFileSync(sshArgs, 'utf8').split('\0').slice(0, -1) : []),
    /** Runs a command in this process. */
    run: (args: string[], options: Pick<RunOptions, 'cwd' | 'env'> = {}) => run(args, env, options),
    /** Runs a command as a process, where its input, its signals or ssh are the subject. */
    start: (args: string[], options: RunOptions = {}) => start(args, env, options),
    async [Symbol.asyncDispose]() {
      await daemon?.stop();
      await bus[Symbol.asyncDispose]();
    },
  };
}

export type Fixture = Awaited<ReturnType<typeof startFixture>>;

async function run(
  args: string[],
  env: NodeJS.ProcessEnv,
  options: Pick<RunOptions, 'cwd' | 'env'>,
): Promise<CliResult> {
  const place = { cwd: options.cwd, env: { ...env, ...options.env }, timeoutMs: deadlineMs };
  const { status, stdout, stderr } = await runCli(args, place);
  return { status, signal: null, stdout: stdout.toString('utf8'), stderr };
}

function start(args: string[], env: NodeJS.ProcessEnv, options: RunOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  options.onStart?.(child);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    options.onOutput?.(stdout + stderr, child);
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    options.onOutput?.(stdout + stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}
