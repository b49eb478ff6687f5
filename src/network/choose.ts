import { BangerError, formatSentence, type Obstacle } from '../common/errors.ts';
import type { BridgeNetwork, NetworkMode, WantedNetwork } from './attachment.ts';

/** The network that a VM gets. */
export interface NetworkChoice {
  mode: NetworkMode;
  /** Why this one, and what would get another where something is in the way. */
  why: Obstacle;
  /** Why it has no namespace of its own, where it should have one. */
  obstacle?: Obstacle;
}

/** What this host has for networks. */
export interface NetworkMeans {
  bridge?: BridgeNetwork | undefined;
  /** Explains why VMs cannot have a namespace of their own; nothing if they can. */
  enclosureObstacle(): Promise<Obstacle | undefined>;
}

/** That nobody can grant bridges. */
export const netdMissing = {
  problem: 'banger-netd is not installed',
  remedy: "install banger as one of the distribution's packages, which have it, or use `--network user`",
} as const satisfies Obstacle;

/**
 * Picks the network of a VM: bridged where banger-netd is there and grants it, else user mode.
 * @throws HostNotReady if a bridge was asked for and is not to be had, with how to be allowed
 */
export async function chooseNetwork(wanted: WantedNetwork, means: NetworkMeans): Promise<NetworkChoice> {
  const { bridge } = means;
  switch (wanted) {
    case 'none':
      return await enclosed('none', { problem: 'asked for' }, means);
    case 'user':
      return await enclosed('user', { problem: 'asked for' }, means);
    case 'bridge': {
      const obstacle = bridge ? await bridge.obstacle('bridge') : netdMissing;
      if (obstacle === undefined) return { mode: 'bridge', why: { problem: 'asked for' } };
      throw new BangerError('HostNotReady', `the VM cannot be bridged: ${obstacle.problem}`, {
        remedy: obstacle.remedy,
      });
    }
    case 'auto': {
      if (!bridge) return await enclosed('user', { problem: 'banger-netd is not here' }, means);
      const obstacle = await bridge.obstacle('auto');
      if (obstacle === undefined) return { mode: 'bridge', why: { problem: 'banger-netd grants it' } };
      const why = { problem: `it cannot be bridged: ${obstacle.problem}`, remedy: obstacle.remedy };
      return await enclosed('user', why, means);
    }
  }
}

async function enclosed(mode: 'user' | 'none', why: Obstacle, means: NetworkMeans): Promise<NetworkChoice> {
  const obstacle = await means.enclosureObstacle();
  if (obstacle === undefined) return { mode, why };
  return { mode: mode === 'user' ? 'user-unconfined' : mode, why, obstacle };
}

/** Formats why a VM has the network that it has, for people: one sentence without its full stop. */
export function formatNetworkReason({ why, obstacle }: NetworkChoice): string {
  const reason = formatSentence(why);
  return obstacle ? `${reason}, and there is no namespace for it: ${formatSentence(obstacle)}` : reason;
}
