import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseSocketPaths, systemBusAddress } from '../bus/address.ts';
import type { Bus } from '../bus/connection.ts';
import type { Log } from '../common/log.ts';
import type { Paths } from '../common/paths.ts';
import type { Config } from '../config/config.ts';
import { hostSize, resolveVmDefaults } from '../config/sizes.ts';
import { hasLinger } from '../doctor/linger.ts';
import { AgentBudgets } from '../guest/agent-budget.ts';
import { GuestShells } from '../guest/shell.ts';
import { ImageLibrary } from '../image/library.ts';
import { DirectRunner } from '../job/direct-runner.ts';
import type { JobRunner } from '../job/runner.ts';
import { KernelLibrary } from '../kernel/library.ts';
import { NetdGrants } from '../netd-client/grants.ts';
import { NetdResolver } from '../netd-client/resolver.ts';
import { type BridgeSettings, GrantedNetwork } from '../network/bridge.ts';
import type { Resolver } from '../network/dns/resolver.ts';
import type { Grants } from '../network/grants.ts';
import { ensureUserKey } from '../ssh/user-key.ts';
import type { Store } from '../store/database.ts';
import { ProcessSupervisor } from '../supervise/process.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { SystemdSupervisor } from '../supervise/systemd.ts';
import { UnitJobRunner } from '../systemd/job-runner.ts';
import { SystemdUnits } from '../systemd/units.ts';
import { tellCutOff } from '../vm/agent.ts';
import { BootSlots } from '../vm/boot-slots.ts';
import type { Host } from '../vm/context.ts';
import type { VmDefaults } from '../vm/new.ts';
import { VmRegistry } from '../vm/registry.ts';
import { Vmms } from '../vmm/vmms.ts';
import { findInstallation, powerDownProgram } from './installation.ts';
import { rootGrants } from './root-grants.ts';
import { scratchIn } from './scratch.ts';

/**
 * Eight guests that boot at once on two CPUs, without hardware virtualisation, are ready after 21 to 41 s: well within
 * the 90 s that each has. Fewer at once would be no quicker, because guests that are ready go on starting services.
 */
const bootsPerCpu = 4;

type ReadConfig = () => Promise<Config>;

/** What the domain stands on: where programs live, what machines run in, how guests and the network are reached. */
export interface Platform {
  supervisor(bus: Bus, log: Log): Promise<Supervisor>;
  /** Checks whether VMs outlive the last logout of their user; nothing where that does not concern them. */
  linger(supervisor: Supervisor): boolean | undefined;
  vmms(config: ReadConfig, hostDirectory: string, runtimeDirectory: string): Host['vmms'];
  bridge(config: ReadConfig, log: Log): Host['bridge'];
  shells(): Host['shells'];
  /** What has the host's programs find names of VMs. */
  resolver(log: Log): Resolver;
}

/** The host that this program runs on. */
export const thisHost: Platform = {
  supervisor: makeSupervisor,
  linger: lingerOf,
  vmms: (...parts) => new Vmms(...parts),
  bridge: (config, log) => new GrantedNetwork(makeGrants(), async () => bridgeOf(await config()), log),
  shells: () => new GuestShells(),
  // Only netd may tell the resolver of the host.
  resolver: (log) => new NetdResolver(systemBusAddress(process.env), log),
};

/**
 * Puts the domain together on a platform. The configuration is read whenever it is needed, so that a change
 * of it, and the mending of a broken one, need no restart.
 */
export function makeHost(
  platform: Platform,
  store: Store,
  paths: Paths,
  log: Log,
  config: ReadConfig,
  supervisor: Supervisor,
): Host {
  const installation = findInstallation();
  const vms = new VmRegistry(store, { state: paths.state, runtime: paths.runtime });
  const kernels = new KernelLibrary(store, join(paths.state, 'kernels'));
  const images = join(paths.state, 'images');
  const recipes = join(installation.guest, 'images');
  return {
    log,
    vms,
    kernels,
    images: new ImageLibrary(store, images, recipes, kernels, runnerOf(supervisor)),
    supervisor,
    vmms: platform.vmms(config, installation.host, paths.runtime),
    bridge: platform.bridge(config, log),
    reach: async () => {
      const { guestLan, guestPeers } = await config();
      return { lan: guestLan, peers: guestPeers };
    },
    bootSlots: new BootSlots(bootsPerCpu * availableParallelism()),
    userKey: async () => ensureUserKey(paths.config, (await config()).sshKeyPath),
    nameServers: async () => (await config()).defaultDns,
    shells: platform.shells(),
    agents: new AgentBudgets((id, why) => tellCutOff({ log, vms }, id, why)),
    fileSync: async () => (await config()).fileSync,
    guestDirectory: installation.guest,
    hostDirectory: installation.host,
    powerDown: powerDownProgram(),
    stateDirectory: paths.state,
    cacheDirectory: paths.cache,
    scratchDirectory: scratchIn(paths),
    runtimeDirectory: paths.runtime,
  };
}

/** Finds who changes the network of this host for us: banger-netd, or where it cannot be, root itself. */
function makeGrants(env: NodeJS.ProcessEnv = process.env): Grants {
  const address = systemBusAddress(env);
  const hasBus = parseSocketPaths(address, env).some(
    (socket) => socket.startsWith('\0') || existsSync(socket),
  );
  return process.getuid?.() === 0 && !hasBus ? rootGrants() : new NetdGrants(address);
}

/** Finds where programs live: in units where this user has a service manager, else they are plain processes. */
async function makeSupervisor(bus: Bus, log: Log): Promise<Supervisor> {
  const processes = new ProcessSupervisor();
  const units = await SystemdUnits.on(bus, log);
  log.info({}, units ? 'VMs are units of systemd' : 'there is no systemd of this user; VMs are processes');
  return units ? new SystemdSupervisor(units, processes) : processes;
}

/** Finds where programs of jobs run that need set-uid helpers. */
function runnerOf(supervisor: Supervisor): JobRunner {
  return supervisor instanceof SystemdSupervisor ? new UnitJobRunner() : new DirectRunner();
}

/** Only units of the user's manager end with it. */
function lingerOf(supervisor: Supervisor): boolean | undefined {
  return supervisor instanceof SystemdSupervisor ? hasLinger() : undefined;
}

/** What the file says of the bridge of the user's VMs. */
function bridgeOf({ bridgeName, bridgeIp, cidr, tapPoolSize }: Config): BridgeSettings {
  return { name: bridgeName, ip: bridgeIp, cidr, tapPoolSize };
}

/** What new VMs are when nobody says: the configuration's, else the host's, else banger's own. */
export async function makeDefaults(config: ReadConfig): Promise<VmDefaults> {
  const settings = await config();
  const { vcpus, memoryBytes, diskBytes } = resolveVmDefaults(settings, hostSize());
  return {
    image: settings.defaultImageName,
    network: settings.network,
    size: { vcpus: vcpus.value, memoryBytes: memoryBytes.value, diskBytes: diskBytes.value },
  };
}
