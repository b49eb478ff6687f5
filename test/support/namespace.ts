/**
 * The beginning of a command line that runs the rest of it where a shell script has changed the mounts, for it and
 * what it starts alone. The word behind it is the script's `$0`.
 */
export function inNamespace(script: string): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...user, '--mount', '--kill-child', 'sh', '-euc', `${script}; exec "$@"`];
}

/**
 * The beginning of a command line that runs the rest of it on a host where programs are not installed.
 * @param directory an empty one, that the host keeps as it is
 */
export function withoutPrograms(directory: string, ...programs: readonly string[]): string[] {
  const script = `mount -t tmpfs none "$0"; mkdir "$0/upper" "$0/work"
    mount -t overlay -o "lowerdir=/usr,upperdir=$0/upper,workdir=$0/work" none /usr
    for name in ${programs.join(' ')}; do
      rm -f "/usr/bin/$name" "/usr/sbin/$name" "/usr/local/bin/$name" "/usr/local/sbin/$name"
    done`;
  return [...inNamespace(script), directory];
}
