/** Keys that banger will have and this version cannot honour: refused, because ignoring them would mislead. */
export const keysOfLaterVersions: readonly string[] = [
  'firecracker_bin',
  'auto_stop_stale_after',
  'stats_poll_interval',
  'metrics_poll_interval',
  'bridge_name',
  'bridge_ip',
  'cidr',
  'tap_pool_size',
  'default_dns',
  'file_sync',
  'web_listen_addr',
];

/** Keys of the older tool of this name, and what does their work now. */
export const keysOfOlderTool: Readonly<Record<string, string>> = {
  runtime_dir: 'banger finds its own parts; leave it out',
  vsock_agent_path: 'the guest agent comes with banger; leave it out',
  default_rootfs: 'use default_image_name',
  customize_script: 'images are made from recipes; use default_image_name',
};

/** The key that was probably meant, if one is near enough. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const plain = key.toLowerCase().replaceAll('-', '_');
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(plain, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate;
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
