import { accessSync, constants, existsSync, readFileSync } from 'node:fs';

const tun = '/dev/net/tun';
/** Settings of the kernel that keep ordinary users from namespaces, what they are then, and what lets them. */
const settings: readonly [string, string, string][] = [
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '15000'],
  ['user.max_net_namespaces', '0', '15000'],
  // The package's AppArmor profile lets banger's own program; this is for those who have no package.
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
];

/** What of the host the network namespaces of VMs hang on. */
export interface NamespaceFacts {
  hasSlirp: boolean;
  isRoot: boolean;
  /** A setting as sysctl(8) names it; nothing if the kernel has none. */
  setting(name: string): string | undefined;
  /** Whether there is /dev/net/tun, and whether this user may open it. */
  tun: 'usable' | 'denied' | 'absent';
}

/** As they are on this host. */
export function namespaceFacts(hasSlirp: boolean): NamespaceFacts {
  return { hasSlirp, isRoot: process.getuid?.() === 0, setting, tun: tunState() };
}

/** The command after which VMs can have namespaces of their own; nothing if it is not known what is in the way. */
export function namespaceRemedy({ hasSlirp, isRoot, setting, tun }: NamespaceFacts): string {
  if (!hasSlirp) return 'apt-get install slirp4netns';
  if (tun === 'absent') return 'modprobe tun';
  if (tun === 'denied') return 'chmod 0666 /dev/net/tun';
  const blocking = settings.find(([name, value]) => !isRoot && setting(name) === value);
  return blocking ? `sysctl -w ${blocking[0]}=${blocking[2]}` : '';
}

function setting(name: string): string | undefined {
  const file = `/proc/sys/${name.replaceAll('.', '/')}`;
  return existsSync(file) ? readFileSync(file, 'latin1').trim() : undefined;
}

function tunState(): NamespaceFacts['tun'] {
  if (!existsSync(tun)) return 'absent';
  try {
    accessSync(tun, constants.R_OK | constants.W_OK);
    return 'usable';
  } catch {
    return 'denied';
  }
}
