import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Directories of a user that nobody else uses, so that a banger in it meets no other bus, daemon or state. */
export interface PrivateHome {
  /** Everything else lies in here. */
  directory: string;
  home: string;
  /** The environment for programs: this process's own, with these directories and without any bus. */
  env: NodeJS.ProcessEnv;
}

/** What ends by itself has this long to do so after a test. */
const settleMs = 5_000;

/**
 * Runs a body with a home of its own and removes it. Fails if the body left anything behind: a process that
 * was started with this home (in its environment or its arguments), a mount in it, a network interface of
 * this host. Such processes are ended, so that one failure does not bring others.
 */
export async function withPrivateHome<Result>(body: (home: PrivateHome) => Promise<Result>): Promise<Result> {
  const privateHome = makePrivateHome();
  const interfacesBefore = networkInterfaces();
  try {
    const result = await body(privateHome);
    await assertNothingLeft(privateHome.directory, interfacesBefore);
    return result;
  } finally {
    for (const { pid } of processesOf(privateHome.directory)) kill(pid);
    rmSync(privateHome.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A process that still runs. */
export interface LeftProcess {
  pid: number;
  commandLine: string;
}

/** The processes, other than this one, whose environment or arguments name a directory. */
export function processesOf(directory: string): LeftProcess[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      const commandLine = readProcess(pid, 'cmdline');
      const isOurs = `${commandLine}\0${readProcess(pid, 'environ')}`.includes(directory);
      return isOurs && !isZombie(pid) ? [{ pid, commandLine: commandLine.replaceAll('\0', ' ').trim() }] : [];
    });
}

/** Directly below /tmp whatever TMPDIR says: the path of a unix socket has room for 107 bytes. */
function makePrivateHome(): PrivateHome {
  const directory = mkdtempSync('/tmp/bt-');
  const [home, runtime] = [join(directory, 'home'), join(directory, 'run')];
  for (const path of [home, runtime]) mkdirSync(path, { mode: 0o700 });
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_RUNTIME_DIR: runtime };
  for (const name of [
    'XDG_CONFIG_HOME',
    'XDG_STATE_HOME',
    'XDG_CACHE_HOME',
    'DBUS_SESSION_BUS_ADDRESS',
    'BANGER_BUS_ADDRESS',
    'BANGER_LOG_LEVEL',
    // Set by the test runner for its own child; a Node started by the test is none.
    'NODE_TEST_CONTEXT',
  ]) {
    delete env[name];
  }
  return { directory, home, env };
}

async function assertNothingLeft(directory: string, interfacesBefore: readonly string[]): Promise<void> {
  const deadline = Date.now() + settleMs;
  while (processesOf(directory).length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(processesOf(directory), [], 'processes were left running');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
  assert.deepEqual(mounts, [], 'mounts were left');
  const added = networkInterfaces().filter((name) => !interfacesBefore.includes(name));
  assert.deepEqual(added, [], 'network interfaces were left');
}

function networkInterfaces(): string[] {
  return readdirSync('/sys/class/net').sort();
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It has ended, or it is another user's and so none of ours.
    return '';
  }
}

function isZombie(pid: number): boolean {
  return /\) [ZX] /.test(readProcess(pid, 'stat'));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
