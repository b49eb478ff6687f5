import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { allPids, readVariable } from '../../src/common/proc.ts';
import { type LeftProcess, processesOf } from './home.ts';
import { until } from './program.ts';

/** What must be remembered of a VM to look for its remains. */
export interface KnownVm {
  id: string;
  address: string;
}

/** What ends by itself has this long to do so. */
const settleMs = 15_000;

/** The processes that run for a home, by its directories in their environment or arguments. */
export function processesIn(directories: readonly string[]): LeftProcess[] {
  const found = new Map<number, LeftProcess>();
  for (const directory of directories) {
    for (const each of processesOf(directory)) found.set(each.pid, each);
  }
  return [...found.values()];
}

/** Ends what an earlier run, which was killed, left running. */
export async function endLeftovers(directories: readonly string[]): Promise<void> {
  for (const { pid } of processesIn(directories)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  await until('an earlier run has ended', () => processesIn(directories).length === 0);
}

/** Shows that of VMs that were deleted, and of their daemon, nothing is left on this host. */
export async function assertNothingLeft(
  directories: readonly string[],
  { state, runtime }: { state: string; runtime: string },
  vms: readonly KnownVm[],
): Promise<void> {
  const processes = () => processesIn(directories);
  await until('no process is left', () => processes().length === 0, settleMs).catch(() => undefined);
  assert.deepEqual(processes(), [], 'processes were left running');
  for (const base of [state, runtime]) {
    const directory = join(base, 'vms');
    assert.deepEqual(
      existsSync(directory) ? readdirSync(directory) : [],
      [],
      `files were left in ${directory}`,
    );
  }
  const sockets = filesBelow(runtime).filter(
    (path) => statSync(path).isSocket() && !path.endsWith('/bus/socket'),
  );
  assert.deepEqual(sockets, [], 'sockets were left');
  assert.equal(existsSync(join(runtime, 'bus/address')), false, 'the private bus was left');
  assert.equal(existsSync(join(state, 'daemon.json')), false, 'the daemon left its mark');
  for (const { address, id } of vms) {
    assert.deepEqual(
      listenersOn(address).filter((mark) => isOf(mark, id)),
      [],
      `a port of ${address} was left`,
    );
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  assert.deepEqual(
    mounts.filter((line) => directories.some((directory) => line.includes(directory))),
    [],
    'mounts were left',
  );
}

/** Addresses are given anew: only a listener that is some other VM's is none of ours. */
function isOf(mark: string, id: string): boolean {
  return !mark.startsWith('banger-vm-') || mark.startsWith(`banger-vm-${id}:`);
}

/**
 * Who listens for TCP on an address of this host, by the mark of the VM that the process is of, or by its pid.
 * See proc(5) for /proc/net/tcp.
 */
export function listenersOn(address: string): string[] {
  if (address === '') return [];
  const bytes = address.split('.').map(Number);
  const wanted = Buffer.from(bytes.reverse()).toString('hex').toUpperCase();
  const inodes = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.startsWith(`${wanted}:`) && state === '0A')
    .map((fields) => `socket:[${fields[9]}]`);
  return inodes.map((inode) => {
    const holder = allPids().find((pid) => descriptorsOf(pid).includes(inode));
    if (holder === undefined) return 'nobody we can see';
    return readVariable(holder, 'BANGER_SUPERVISED') ?? `pid ${holder}`;
  });
}

function descriptorsOf(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).map((fd) => {
      try {
        return readlinkSync(join(directory, fd));
      } catch {
        // It was closed meanwhile.
        return '';
      }
    });
  } catch {
    // It ended meanwhile, or is another user's.
    return [];
  }
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}
