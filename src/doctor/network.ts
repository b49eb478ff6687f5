import { BangerError } from '../common/errors.ts';
import type { WantedNetwork } from '../network/attachment.ts';
import { chooseNetwork, type NetworkChoice, type NetworkMeans } from '../network/choose.ts';
import { type Finding, fail, pass, warn } from './check.ts';
import { remedyCommand } from './remedy.ts';

/**
 * Finds the network that a new VM would get, why, and what banger-netd says.
 * @param wanted as configured
 * @param namespaceRemedy the command that lets VMs have namespaces
 */
export async function diagnoseNetwork(
  wanted: WantedNetwork,
  means: NetworkMeans,
  namespaceRemedy: () => string,
): Promise<Finding[]> {
  const netd = await checkNetd(wanted, means);
  try {
    const choice = await chooseNetwork(wanted, means);
    return [...netd, ofChoice(choice, namespaceRemedy)];
  } catch (error) {
    if (!(error instanceof BangerError)) throw error;
    const problem = `the configuration has network = "${wanted}", and ${error.problem}`;
    return [...netd, fail('network', problem, remedyCommand(error.remedy))];
  }
}

function ofChoice({ mode, why, obstacle }: NetworkChoice, namespaceRemedy: () => string): Finding {
  if (obstacle !== undefined) {
    return warn(
      'network',
      `VMs see the host's loopback, because they get no namespace: ${obstacle.problem}`,
      namespaceRemedy(),
    );
  }
  const what = {
    bridge: 'is bridged',
    user: 'is in user mode, in a network namespace of its own',
    'user-unconfined': "sees the host's loopback",
    none: 'has no network but ssh',
  }[mode];
  return pass('network', `a new VM ${what}: ${why.problem}`);
}

async function checkNetd(wanted: WantedNetwork, { bridge }: NetworkMeans): Promise<Finding[]> {
  if (wanted === 'user' || wanted === 'none') return [];
  if (!bridge) {
    const detail = 'banger-netd is not here, so VMs cannot be bridged';
    return [warn('netd', detail, 'install banger as a package, or set network = "user"')];
  }
  const obstacle = await bridge.obstacle(wanted);
  if (obstacle === undefined) return [pass('netd', 'banger-netd grants bridged networks')];
  return [warn('netd', `VMs cannot be bridged: ${obstacle.problem}`, remedyCommand(obstacle.remedy))];
}
