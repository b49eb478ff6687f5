/**
 * Which folder of src/ may import which, and which npm package belongs to which folder. Dependencies point
 * down this list of layers, or sideways as long as no two folders need each other.
 */
export const layers: readonly (readonly string[])[] = [
  ['cli', 'daemon', 'powerdown', 'checkout', 'preload'],
  ['client'],
  ['api', 'http', 'systemd', 'netd', 'netd-client'],
  ['bus'],
  ['monitor', 'upkeep'],
  ['vm', 'image', 'kernel', 'workspace', 'session', 'doctor'],
  ['vmm', 'supervise', 'network', 'guest', 'artifact', 'store', 'config', 'job', 'sync'],
  ['tar', 'reader', 'logs', 'ssh', 'disk', 'work'],
  ['common'],
];

/** Folders that may import less than the folders below them: the client, the bus and the base. */
const onlyThese: Readonly<Record<string, readonly string[]>> = {
  cli: ['client', 'common', 'config', 'logs', 'ssh'],
  // Whatever shows VMs to people or programs stands on it, and it knows of none of them.
  client: ['bus', 'common', 'tar', 'reader', 'logs', 'ssh'],
  bus: ['common'],
  // It has privileges: what it is made of is little. Root's daemon runs parts of it where there is no system bus.
  netd: ['bus', 'common'],
  // It asks banger-netd on the system bus for what the networks of VMs need.
  'netd-client': ['bus', 'network', 'common'],
  // It runs while the host goes down, and after every end of a VM: it starts as quickly as the client.
  powerdown: ['guest', 'vmm', 'common'],
  // It reads what may be hostile, and starts for every workspace.
  checkout: ['tar', 'reader', 'common'],
  reader: ['common'],
  // Its options and commands are a part of the client; sessions of the daemon's own are `guest`'s.
  ssh: ['common'],
  disk: ['common'],
  work: ['common'],
  // It is a part of every start of the client.
  preload: ['common'],
  // What banger says to systemd; what for is the domain's business.
  systemd: ['bus', 'supervise', 'job', 'logs', 'common'],
};
/** Folders that stand on the client; the daemon is on the other side of the bus. */
const mayUseClient: readonly string[] = ['cli'];
/** The domain and what is below it never sees a D-Bus type. */
const mayUseBus: readonly string[] = ['cli', 'client', 'daemon', 'api', 'systemd', 'netd', 'netd-client'];

/** The folders that are programs: what starts a process of its own, with `main.ts`. */
const programs: readonly string[] = ['cli', 'daemon', 'powerdown', 'checkout', 'preload', 'netd'];
/** What a program has of another: root's daemon grants itself what banger-netd grants others. */
const sharedParts: Readonly<Record<string, readonly string[]>> = {
  daemon: ['netd/network.ts', 'netd/settings.ts'],
};

/** Folders that alone may import a package; a package that is not listed is open to the daemon's folders. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  'dbus-next': ['bus'],
  'better-sqlite3': ['store'],
  'dns-packet': ['network'],
  'smol-toml': ['config', 'image', 'netd'],
  clipanion: ['cli'],
  arktype: ['config'],
  ssh2: ['guest'],
  pino: ['daemon'],
  'sd-notify': ['systemd'],
  'systemd-journald': ['systemd'],
};
/** The client starts in a few milliseconds: what it may load beyond Node's own modules. */
const packagesOfClient: readonly string[] = ['clipanion', 'dbus-next'];
const foldersOfClient: readonly string[] = ['cli', 'client', 'bus', 'ssh', 'common'];

/** One import in a source file. Paths are relative to src/; a package is given by its name. */
export interface Import {
  from: string;
  to: { file: string } | { package: string };
}

/** Says why an import is not allowed, or nothing. */
export function violation({ from, to }: Import): string | undefined {
  const folder = folderOf(from);
  if ('package' in to) return packageViolation(folder, to.package);
  const target = folderOf(to.file);
  const [level, targetLevel] = [levelOf(folder), levelOf(target)];
  if (level < 0) return `src/${folder} has no layer; add it to scripts/layers.ts`;
  if (targetLevel < 0) return `src/${target} has no layer; add it to scripts/layers.ts`;
  if (target === folder) return siblingDriver(from, to.file);
  if (programs.includes(target) && !sharedParts[folder]?.includes(to.file)) {
    const isProgram = programs.includes(folder);
    return isProgram
      ? `${folder} and ${target} are separate programs`
      : `${target} is a program; nothing imports it`;
  }
  if (onlyThese[folder]?.includes(target) === false) {
    return `${folder} imports nothing but ${onlyThese[folder]?.join(' and ')}`;
  }
  if (target === 'client' && !mayUseClient.includes(folder)) {
    return `only ${mayUseClient.join(' and ')} may import client`;
  }
  if (target === 'bus' && !mayUseBus.includes(folder)) return `${folder} knows nothing of D-Bus`;
  return targetLevel < level ? `${folder} is below ${target}` : undefined;
}

/** The folders that import each other, directly or through others, each ring once: `a → b → a`. */
export function rings(imports: readonly Import[]): string[] {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if ('package' in to || folderOf(from) === folderOf(to.file)) continue;
    const targets = edges.get(folderOf(from)) ?? new Set();
    edges.set(folderOf(from), targets.add(folderOf(to.file)));
  }
  const found = new Set<string>();
  const visit = (folder: string, path: readonly string[]) => {
    const start = path.indexOf(folder);
    if (start >= 0) {
      const ring = path.slice(start);
      const first = ring.indexOf([...ring].sort()[0] ?? folder);
      const turned = [...ring.slice(first), ...ring.slice(0, first)];
      found.add([...turned, turned[0]].join(' → '));
      return;
    }
    for (const next of edges.get(folder) ?? []) visit(next, [...path, folder]);
  };
  for (const folder of edges.keys()) visit(folder, []);
  return [...found];
}

function packageViolation(folder: string, name: string): string | undefined {
  if (foldersOfClient.includes(folder) && !packagesOfClient.includes(name)) {
    return `the client never loads ${name}`;
  }
  const owners = packageOwners[name];
  const isForeign = owners && !owners.includes(folder);
  return isForeign ? `only ${owners.join(' and ')} may import ${name}` : undefined;
}

/** Two VMM drivers never import each other. */
function siblingDriver(from: string, to: string): string | undefined {
  const [folder, driver, rest] = from.split('/');
  const [, other, otherRest] = to.split('/');
  const isOther = folder === 'vmm' && rest && otherRest && driver !== other;
  return isOther ? `the drivers ${driver} and ${other} know nothing of each other` : undefined;
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function levelOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder));
}
