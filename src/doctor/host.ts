import { getMessage } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { type Config, configFile, loadConfig, readConfigFile } from '../config/config.ts';
import { formatSource } from '../config/settings.ts';
import { hostSize, type Resolved, resolveVmDefaults } from '../config/sizes.ts';
import type { BridgeNetwork, WantedNetwork } from '../network/attachment.ts';
import { deniedAmong, deniedNetworks } from '../network/denied.ts';
import { enclosureObstacle } from '../network/enclosure.ts';
import type { Drops } from '../network/grants.ts';
import { enclosureTools } from '../network/user.ts';
import { kvmObstacle } from '../vmm/accelerator.ts';
import { type Finding, fail, pass, warn } from './check.ts';
import { checkFirecracker } from './firecracker.ts';
import { checkForwarding } from './forwarding.ts';
import { checkLinger } from './linger.ts';
import { checkNames, type NameFacts } from './names.ts';
import { namespaceFacts, namespaceRemedy } from './namespaces.ts';
import { diagnoseNetwork } from './network.ts';
import { checkPorts, type TakenPort } from './ports.ts';
import { checkPrograms } from './programs.ts';
import { checkStorage, checkTemporary } from './storage.ts';

const MiB = 1024 * 1024;

/** What the daemon knows of its host that the host itself does not tell. */
export interface DaemonFacts {
  /** banger's own programs for this host. */
  hostDirectory: string;
  /** Whether VMs outlive a logout; nothing where that does not concern them. */
  linger?: boolean | undefined;
  bridge?: BridgeNetwork | undefined;
  /** What packets of bridged VMs meet; nothing where banger-netd does not tell. */
  drops(): Promise<Drops | undefined>;
  /** The ports that VMs do without; nothing where none are forwarded. */
  takenPorts(): Promise<TakenPort[] | undefined>;
  names(): Promise<NameFacts>;
}

/** Checks whether VMs can be made and run here, by the code that the operations themselves use. */
export async function examineHost(paths: Paths, facts: DaemonFacts): Promise<Finding[]> {
  const { config, findings } = await checkConfig(paths);
  const [network, firecracker, drops, taken, names] = await Promise.all([
    examineNetwork(paths, facts, config?.network ?? 'auto'),
    checkFirecracker(config, paths.runtime),
    facts.drops(),
    facts.takenPorts(),
    facts.names(),
  ]);
  return [
    ...findings,
    ...checkPrograms(config?.qemuBin ?? 'qemu-system-x86_64'),
    await checkStorage(paths.state),
    checkTemporary(),
    checkAccelerator(),
    ...firecracker,
    ...network,
    ...(drops ? checkForwarding(drops) : []),
    ...checkPorts(taken),
    ...checkNames(names),
    ...checkLinger(facts.linger),
  ];
}

async function checkConfig(paths: Paths): Promise<{ config?: Config; findings: Finding[] }> {
  const edit = 'edit the configuration file';
  const { problems } = await readConfigFile(configFile(paths));
  if (problems.length > 0)
    return { findings: problems.map((problem) => fail('configuration', problem, edit)) };
  try {
    const config = await loadConfig(paths);
    const warnings = [...config.warnings, ...unreachableServers(config)];
    const findings = warnings.map((warning) => warn('configuration', warning, edit));
    return { config, findings: [...findings, pass('configuration', sizesOf(config))] };
  } catch (error) {
    return { findings: [fail('configuration', getMessage(error), edit)] };
  }
}

/** What new VMs have, and where that came from. */
function sizesOf(config: Config): string {
  const { vcpus, memoryBytes, diskBytes } = resolveVmDefaults(config, hostSize());
  const told = (value: string, { origin }: Resolved, key: string) =>
    `${value} (${formatSource({ origin, place: config.places[`vm_defaults.${key}`] })})`;
  return [
    `new VMs have ${told(`${vcpus.value} vCPUs`, vcpus, 'vcpu')}`,
    told(`${memoryBytes.value / MiB} MiB memory`, memoryBytes, 'memory'),
    told(`${diskBytes.value / MiB} MiB disk`, diskBytes, 'disk_size'),
  ].join(', ');
}

function unreachableServers({ defaultDns = [], places }: Config): string[] {
  return deniedAmong(defaultDns, deniedNetworks(false)).map(
    (server) =>
      `${places.default_dns}: default_dns ${server} lies in a network that guests are denied, so they find no names`,
  );
}

function checkAccelerator(): Finding {
  const obstacle = kvmObstacle();
  if (obstacle === undefined)
    return pass('accelerator', 'KVM seems to be there; the first start of a VM tries it');
  return warn(
    'accelerator',
    `VMs are emulated, which is slower, because ${obstacle.problem}`,
    obstacle.remedy ?? 'give this machine hardware virtualisation',
  );
}

async function examineNetwork(
  { runtime }: Paths,
  { hostDirectory, bridge }: DaemonFacts,
  wanted: WantedNetwork,
): Promise<Finding[]> {
  const tools = enclosureTools(hostDirectory);
  const means = { bridge, enclosureObstacle: () => enclosureObstacle(tools, runtime) };
  return await diagnoseNetwork(wanted, means, () => namespaceRemedy(namespaceFacts(tools !== undefined)));
}
