import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Recorded, readRecord, writeDouble } from '../test/support/firecracker/launcher.ts';
import { until } from '../test/support/program.ts';
import { vmmSettings } from '../test/support/test-vmm.ts';
import { compare } from './measure.ts';
import type { Result } from './report.ts';
import { onStage, type Stage } from './stage.ts';

const runs = 5;
const bounds = { start: 2, share: 3 };

/** A Firecracker under measurement, and what it was asked. */
interface Bench {
  stage: Stage;
  bin: string;
  record: string;
  /** The requests of a start, from the first to InstanceStart. */
  requests: Recorded[];
}

/** What each run spent between a reply and the next request, in turn: its own share, whatever the program takes. */
const shares: Record<'banger' | 'curl', number[]> = { banger: [], curl: [] };

/**
 * From `banger vm start` until InstanceStart is accepted, against the same program started with nothing around it and
 * asked the same by one curl; and the driver's share of it, which is what passes between replies and requests, against
 * curl's.
 * The program is Firecracker's double, as there is no Firecracker without KVM: absolute times say nothing of it.
 */
export function benchFirecracker(): Promise<Result> {
  return onStage(async (stage) => {
    const directory = mkdtempSync('/tmp/bb-');
    const record = join(directory, 'record');
    const bin = writeDouble(directory, { record });
    const config = join(stage.env.HOME ?? '', '.config', 'banger');
    mkdirSync(config, { recursive: true, mode: 0o700 });
    writeFileSync(join(config, 'config.toml'), vmmSettings({ vmm: 'firecracker', bin }));
    try {
      stage.run('vm', 'create', '--name', 'bench', '--no-start');
      const bench: Bench = { stage, bin, record, requests: [] };
      const start = await compare(
        { name: 'vm start until InstanceStart is accepted', run: () => timeStart(bench) },
        [{ name: 'the bare program and one curl', run: () => timeBare(bench) }],
        runs,
        [bounds.start],
      );
      const share = await compare(
        { name: "the driver's share, between the requests", run: () => nextOf(shares.banger) },
        [{ name: "curl's", run: () => nextOf(shares.curl) }],
        runs,
        [bounds.share],
      );
      return {
        benchmark: 'start to InstanceStart',
        conditions: {
          vmm: "Firecracker's double",
          image: 'debian-bookworm',
          requests: bench.requests.length,
        },
        comparisons: [...start, ...share],
      };
    } finally {
      rmSync(directory, { recursive: true, force: true });
      rmSync(join(config, 'config.toml'), { force: true });
    }
  });
}

async function timeStart(bench: Bench): Promise<number> {
  const { stage, record } = bench;
  rmSync(record, { force: true });
  const began = performance.timeOrigin + performance.now();
  const starting = spawn(stage.banger, ['vm', 'start', 'bench'], { env: stage.env, stdio: 'ignore' });
  const over = once(starting, 'exit');
  const accepted = await instanceStart(record, starting);
  shares.banger.push(shareOf(record));
  bench.requests = readRecord(record).filter(({ ended }) => ended <= accepted);
  stage.run('vm', 'kill', 'bench');
  await over;
  return accepted - began;
}

async function timeBare({ bin, record, requests }: Bench): Promise<number> {
  rmSync(record, { force: true });
  const scratch = mkdtempSync('/tmp/bb-');
  const socket = join(scratch, 'api.sock');
  const calls = requests.flatMap(({ request: { method, path, body } }, index) => [
    ...(index === 0 ? [] : ['--next']),
    ...['--silent', '--fail', '--output', '/dev/null', '--unix-socket', socket, '--request', method],
    ...(body === undefined ? [] : ['--json', bodyIn(scratch, body)]),
    `http://localhost${path}`,
  ]);
  // The tap has to be there. The shell waits for the socket, as a driver does.
  const script = `ip tuntap add vmtap0 mode tap && { "$0" --api-sock "$1" & } && vmm=$!
    until [ -S "$1" ]; do sleep 0.01; done; shift
    curl "$@"; status=$?; kill "$vmm"; exit $status`;
  const began = performance.timeOrigin + performance.now();
  const bare = spawn('unshare', ['--net', 'sh', '-c', script, bin, socket, ...calls], { stdio: 'ignore' });
  try {
    const [status] = await once(bare, 'exit');
    if (status !== 0) throw new Error(`the bare program refused something; curl ended with status ${status}`);
    const accepted = await instanceStart(record, bare);
    shares.curl.push(shareOf(record));
    return accepted - began;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A body as it is, but for the sockets. */
function bodyIn(scratch: string, body: unknown): string {
  const own = { ...(body as object) };
  return JSON.stringify('uds_path' in own ? { ...own, uds_path: join(scratch, 'vsock.sock') } : own);
}

/** When InstanceStart was accepted, in milliseconds since 1970. */
async function instanceStart(record: string, by: ChildProcess): Promise<number> {
  await until('InstanceStart is accepted', () => {
    const accepted = acceptedIn(record);
    if (!accepted && by.exitCode !== null) throw new Error('it ended before InstanceStart was accepted');
    return accepted !== undefined;
  });
  return acceptedIn(record)?.ended ?? Number.NaN;
}

function acceptedIn(record: string): Recorded | undefined {
  return linesOf(record).find(({ request, reply }) => {
    const body = { ...(request.body as { action_type?: string } | undefined) };
    return body.action_type === 'InstanceStart' && reply.status === 204;
  });
}

function shareOf(record: string): number {
  const accepted = acceptedIn(record)?.ended ?? Number.NaN;
  const lines = linesOf(record).filter(({ ended }) => ended <= accepted);
  return lines.reduce((sum, { began }, index) => sum + (began - (lines[index - 1]?.ended ?? began)), 0);
}

function nextOf(figures: number[]): number {
  return figures.shift() ?? Number.NaN;
}

function linesOf(record: string): Recorded[] {
  try {
    return readRecord(record);
  } catch {
    // Nothing was asked yet.
    return [];
  }
}
