const comesWithBanger = 'it comes with banger; leave it out';
const fromImage = 'it belongs to an image; use default_image_name';

/** Keys of the older tool of this name, and what does their work now. */
const olderTool: Readonly<Record<string, string>> = {
  repo_root: comesWithBanger,
  runtime_dir: 'banger finds its own parts; leave it out',
  state_dir: 'the state is in $XDG_STATE_HOME/banger; set XDG_STATE_HOME',
  cache_dir: 'the cache is in $XDG_CACHE_HOME/banger; set XDG_CACHE_HOME',
  config_dir: 'the configuration is in $XDG_CONFIG_HOME/banger; set XDG_CONFIG_HOME',
  vsock_agent_path: 'the guest agent comes with banger; leave it out',
  vsock_ping_helper_path: 'the guest agent comes with banger; leave it out',
  namegen_path: 'names are made up by banger itself; leave it out',
  customize_script: 'images are made from recipes; use default_image_name',
  default_rootfs: 'use default_image_name',
  default_base_rootfs: 'use default_image_name',
  default_work_seed: 'use [[file_sync]] for files that every guest is to have',
  default_packages_file: fromImage,
  default_kernel: fromImage,
  default_initrd: fromImage,
  default_modules_dir: fromImage,
  firecracker_path: 'use firecracker_bin',
  firecracker_socket_dir: 'sockets are in $XDG_RUNTIME_DIR/banger; leave it out',
  daemon_socket: 'banger is reached by D-Bus; leave it out',
  daemon_log: '`banger daemon status` tells where the log is; leave it out',
  default_vcpu: 'use vcpu in [vm_defaults]',
  default_memory: 'use memory in [vm_defaults]',
  default_disk_size: 'use disk_size in [vm_defaults]',
  sync: 'use [[file_sync]]',
  nat_enabled: 'guests reach the internet by themselves; leave it out',
  web_listen_addr: 'this version has no web page; leave it out',
};

/** What does the work of a key of the older tool, if it is one. */
export function findSuccessor(key: string): string | undefined {
  return Object.hasOwn(olderTool, key) ? olderTool[key] : undefined;
}

/** The tables of a configuration file with the keys of each; the unnamed one is the file itself. */
export type KnownKeys = Readonly<Record<string, readonly string[]>>;

/**
 * What is said of a key that is not one of its table: the one that was probably meant, also of another table.
 * @param table the name of the table it stands in
 */
export function unknownKey(key: string, table: string, known: KnownKeys): string {
  const [best] = Object.entries(known)
    .flatMap(([home, keys]) => keys.map((candidate) => ({ home, candidate, ...closeness(key, candidate) })))
    .filter(({ distance, allowed }) => distance <= allowed)
    // Of equals, the one that would need no other place.
    .sort((a, b) => a.distance - b.distance || Number(b.home === table) - Number(a.home === table));
  if (!best) return `is not a setting; known here: ${known[table]?.join(', ')}`;
  return `is not a setting; did you mean ${nameOf(best.candidate, best.home, table)}?`;
}

function nameOf(key: string, home: string, table: string): string {
  if (home === 'file_sync') return table === home ? key : `${key} under [[file_sync]]`;
  if (home !== '') return `${home}.${key}`;
  return table === '' ? key : `${key}, above the first [table]`;
}

function closeness(key: string, candidate: string): { distance: number; allowed: number } {
  const plain = key.slice(0, 64).toLowerCase().replaceAll('-', '_');
  const allowed = candidate.length < 4 ? 1 : Math.max(2, Math.floor(candidate.length / 3));
  return { distance: editDistance(plain, candidate), allowed };
}

/** Levenshtein's distance: insertions, deletions and substitutions of single characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (character === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
