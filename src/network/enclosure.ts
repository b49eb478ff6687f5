import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { recall, remember } from '../common/boot.ts';
import { BangerError, type Obstacle } from '../common/errors.ts';
import { execute } from '../common/exec.ts';
import type { Program } from '../common/program.ts';
import { deniedNetworks } from './denied.ts';
import { namespaceSocket } from './namespace.ts';

/** The name of the VM's tap inside its namespace, where no other VM is. */
export const enclosedTap = 'vmtap0';

/** The programs that make an enclosure, by their absolute paths. */
export interface EnclosureTools {
  netnsExec: string;
  slirp4netns: string;
}

export interface EnclosureOptions {
  /** The VM's private directory. */
  runtimeDirectory: string;
  /** Whether the guest may reach private networks, the host's LAN among them. */
  allowLan: boolean;
  /** Whether the guest reaches the outside from the beginning. */
  nat: boolean;
}

/** The socket on which an enclosure's slirp4netns takes forwards. */
export function slirpSocket(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'slirp.sock');
}

/**
 * A VMM's program inside a network namespace of its own, where its tap is called `vmtap0`. It becomes the
 * VMM by exec, so that supervising it is supervising the VMM, and slirp4netns ends with it.
 */
export function enclose(program: Program, tools: EnclosureTools, options: EnclosureOptions): Program {
  return {
    file: tools.netnsExec,
    args: [
      ...slirpArguments(tools, options.runtimeDirectory),
      ...(options.nat ? [] : ['--no-nat']),
      ...deniedNetworks(options.allowLan).flatMap((network) => ['--deny', network]),
      '--',
      program.file,
      ...program.args,
    ],
  };
}

/** netns-exec's exit statuses (host/netns-exec/failure.h), and what helps. */
const remedies: ReadonlyMap<number, string> = new Map([
  [80, 'allow unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces)'],
  [81, 'allow unprivileged user namespaces to configure networks (an AppArmor profile may forbid it)'],
  [82, 'make /dev/net/tun readable and writable for you (`modprobe tun`)'],
  [83, 'install the package slirp4netns'],
]);

const checkTimeoutMs = 15_000;

/**
 * Checks whether VMs can be enclosed here: makes an enclosure and takes it down. What worked is not tried again
 * until the host boots; what failed is, since the user may have mended it.
 * @param runtimeDirectory a private directory
 * @returns nothing if it worked
 */
export async function enclosureObstacle(
  tools: EnclosureTools | undefined,
  runtimeDirectory: string,
): Promise<Obstacle | undefined> {
  if (!tools) return { problem: 'slirp4netns is not installed', remedy: 'install the package slirp4netns' };
  const key = [tools.netnsExec, tools.slirp4netns].map((path) => `${path}:${modifiedAt(path)}`).join(' ');
  const cache = {
    file: join(runtimeDirectory, 'enclosure.json'),
    key,
    parse: (value: unknown) => value === true,
  };
  if (recall(cache)) return undefined;
  const obstacle = await tryEnclosure(tools, runtimeDirectory);
  if (obstacle === undefined) remember(cache, true);
  return obstacle;
}

async function tryEnclosure(tools: EnclosureTools, runtimeDirectory: string): Promise<Obstacle | undefined> {
  const api = join(runtimeDirectory, `check-${process.pid}.sock`);
  try {
    const { status, stderr } = await execute({
      file: tools.netnsExec,
      args: [
        '--tap',
        enclosedTap,
        '--slirp',
        tools.slirp4netns,
        '--slirp-api',
        api,
        '--deny',
        '169.254.0.0/16',
        '--check',
      ],
      timeoutMs: checkTimeoutMs,
    });
    if (status === 0) return undefined;
    const said =
      stderr
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^netns-exec: /, '') || `netns-exec ended with status ${status}`;
    return { problem: said, remedy: remedies.get(status) };
  } catch (error) {
    if (error instanceof BangerError) return error;
    throw error;
  } finally {
    rmSync(api, { force: true });
  }
}

function slirpArguments(tools: EnclosureTools, runtimeDirectory: string): string[] {
  return [
    ...['--tap', enclosedTap, '--slirp', tools.slirp4netns, '--slirp-api', slirpSocket(runtimeDirectory)],
    ...['--control', namespaceSocket(runtimeDirectory)],
    ...['--log', join(runtimeDirectory, 'slirp.log')],
  ];
}

function modifiedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
