import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkout } from '../../support/guest-home.ts';
import { Running } from '../../support/program.ts';
import { hostDirectory } from './root.ts';

const script = join(checkout, 'test/host/root/keep.sh');
const readyTimeoutMs = 30_000;
const endTimeoutMs = 30_000;
/** No test lasts longer; the keeper ends then. */
const lifetimeMs = 3_600_000;
let count = 0;

/**
 * What a test host stands on: namespaces, a disk and a cgroup, which root/keep.sh holds until this process closes
 * it or ends.
 */
export class Keeper {
  readonly cgroup: string;
  readonly disk: string;
  /** By whose namespaces one gets in. */
  readonly pid: number;
  readonly #running: Running;

  private constructor(running: Running, pid: number, cgroup: string, disk: string) {
    this.#running = running;
    this.pid = pid;
    this.cgroup = cgroup;
    this.disk = disk;
  }

  /** @param root what is on its disk in the beginning; it is not written to */
  static async start(root: string): Promise<Keeper> {
    const mark = `${process.pid}-${++count}`;
    const disk = join(hostDirectory, `${mark}.disk`);
    const cgroup = join(unifiedHierarchy(), `banger-test-${mark}`);
    removeStaleDisks();
    // In a session of its own, so that what stops or ends the test's process group does not stop this.
    const running = new Running('setsid', [script, root, disk, cgroup], { timeoutMs: lifetimeMs });
    await running.says('\n', readyTimeoutMs);
    const pid = Number(/^ready (\d+)$/m.exec(running.stdout())?.[1]);
    if (!pid) throw new Error(`the test host has nothing to stand on: ${running.said()}`);
    return new Keeper(running, pid, cgroup, disk);
  }

  /** The beginning of a command line that runs the rest of it where the host's disk is mounted. */
  inside(): string[] {
    return ['nsenter', '--mount', '--pid', `--target=${this.pid}`, '--'];
  }

  /** Ends all that runs in it. @throws Error if something of it stays */
  async close(): Promise<void> {
    this.#running.child.stdin?.end();
    const late = setTimeout(() => process.kill(this.pid, 'SIGKILL'), endTimeoutMs);
    const { status, stderr } = await this.#running.ended.finally(() => clearTimeout(late));
    if (status !== 0) throw new Error(`the keeper of the test host ended with ${status}: ${stderr}`);
  }
}

/** Where the one hierarchy of cgroup v2 is mounted, alone or beside those of v1. */
function unifiedHierarchy(): string {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((each) => each.includes(' - cgroup2 '));
  const path = line?.split(' ')[4];
  if (!path) throw new Error('cgroup v2 is not mounted; the host tests need it');
  return path;
}

/** Those whose keeper was killed. */
function removeStaleDisks(): void {
  for (const path of globSync(join(hostDirectory, '*.disk'))) {
    if (!existsSync(`/proc/${Number.parseInt(basename(path), 10)}`))
      rmSync(path, { recursive: true, force: true });
  }
}
