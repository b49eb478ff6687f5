import { messageOf } from '../common/errors.ts';
import type { Paths } from '../common/paths.ts';
import { type Config, configFile, loadConfig, readConfigFile } from '../config/config.ts';
import { sourceOf } from '../config/settings.ts';
import { hostSize, type Resolved, resolveVmDefaults } from '../config/sizes.ts';
import { deniedAmong, deniedNetworks } from '../network/denied.ts';
import { enclosureObstacle } from '../network/enclosure.ts';
import { enclosureTools } from '../network/user.ts';
import { kvmObstacle } from '../vmm/accelerator.ts';
import { type Finding, fail, pass, warn } from './check.ts';
import { checkLinger } from './linger.ts';
import { checkPrograms } from './programs.ts';
import { checkStorage } from './storage.ts';

const MiB = 1024 * 1024;

/**
 * Whether VMs can be made and run here, by the code that the operations themselves use.
 * @param hostDirectory banger's own programs for this host
 * @param linger whether VMs outlive a logout; nothing where that does not concern them
 */
export async function examineHost(paths: Paths, hostDirectory: string, linger?: boolean): Promise<Finding[]> {
  const { config, findings } = await checkConfig(paths);
  return [
    ...findings,
    ...checkPrograms(config?.qemuBin ?? 'qemu-system-x86_64'),
    await checkStorage(paths.state),
    checkAccelerator(),
    await checkNetwork(paths.runtime, hostDirectory),
    ...checkLinger(linger),
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
    return { findings: [fail('configuration', messageOf(error), edit)] };
  }
}

/** What new VMs have, and where that came from. */
function sizesOf(config: Config): string {
  const { vcpus, memoryBytes, diskBytes } = resolveVmDefaults(config, hostSize());
  const told = (value: string, { origin }: Resolved, key: string) =>
    `${value} (${sourceOf({ origin, place: config.places[`vm_defaults.${key}`] })})`;
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
    `VMs are emulated, which is slower, because ${obstacle}`,
    'give this machine hardware virtualisation',
  );
}

async function checkNetwork(runtimeDirectory: string, hostDirectory: string): Promise<Finding> {
  const tools = enclosureTools(hostDirectory);
  const obstacle = await enclosureObstacle(tools, runtimeDirectory);
  if (obstacle === undefined) return pass('network', 'each VM gets a network namespace of its own');
  const detail = `VMs see the host's loopback, because they cannot be given a namespace: ${obstacle}`;
  // Why namespaces are not to be had differs; the detail says what helps.
  return warn('network', detail, tools ? '' : 'apt-get install slirp4netns');
}
