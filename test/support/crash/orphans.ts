import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../program.ts';
import type { CrashHome, ListedVm } from './home.ts';

/** What ends by itself has this long to do so. */
const settleMs = 15_000;

/** What there is that neither the daemon nor the VMs account for: processes, network namespaces, files, sockets, mounts, units. */
export async function orphansOf(home: CrashHome, vms: readonly ListedVm[]): Promise<string[]> {
  let found: string[] = [];
  await until(
    'nothing is orphaned',
    async () => {
      found = [...processes(home, vms), ...files(home, vms), ...(await home.host.others(vms))];
      return found.length === 0;
    },
    settleMs,
  ).catch(() => undefined);
  return found;
}

function processes(home: CrashHome, vms: readonly ListedVm[]): string[] {
  const running = vms.filter(({ state }) => state === 'running');
  const { host } = home;
  const daemon = home.daemonPid();
  const namespaces = new Set<string>();
  const orphans: string[] = [];
  for (const process of host.processes()) {
    const { pid, commandLine } = process;
    namespaces.add(namespaceOf(pid));
    // The last is a connection that sessions of the CLI share for a while.
    const isAVms = running.some(
      ({ id }) => host.isOf(id, pid) || commandLine.includes(`/vms/${id}/ssh.sock`),
    );
    if (pid !== daemon && !isAVms && !host.isExpected(process))
      orphans.push(`process ${pid} ${commandLine.slice(0, 200)}`);
  }
  namespaces.delete('');
  // The host's own, and one for each VM that runs.
  const surplus = namespaces.size - 1 - running.length;
  return surplus > 0 ? [...orphans, `${surplus} network namespaces`] : orphans;
}

function files(home: CrashHome, vms: readonly ListedVm[]): string[] {
  const { state, runtime } = home.host.paths;
  const ids = vms.map(({ id }) => id);
  const running = vms.filter((vm) => vm.state === 'running').map(({ id }) => id);
  return [
    ...besides(home.at(state, 'vms'), ids),
    ...besides(home.at(runtime, 'vms'), running),
    ...['images', 'kernels'].flatMap((kind) =>
      list(home.at(state, kind))
        .filter((name) => name.startsWith('.'))
        .map((name) => join(state, kind, name)),
    ),
    ...besides(home.at(state, 'scratch'), []),
    ...besides(home.at(home.host.temporary), [], /^(banger-image-|mmdebstrap\.|apt\.)/),
    ...ids.flatMap((id) => besides(home.at(state, 'vms', id), [], /making/)),
    ...list(home.at(runtime))
      .filter((name) => name !== 'bangerd.sock' && lstatSync(home.at(runtime, name)).isSocket())
      .map((name) => `socket ${join(runtime, name)}`),
  ];
}

/** What is in a directory besides these names, or of it what matches. */
function besides(directory: string, names: readonly string[], pattern = /^/): string[] {
  return list(directory)
    .filter((name) => !names.includes(name) && pattern.test(name))
    .map((name) => join(directory, name));
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    // It ended meanwhile.
    return '';
  }
}
