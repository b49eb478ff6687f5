/** The first descriptor that systemd hands over; sd_listen_fds(3). */
const firstDescriptor = 3;

/**
 * Takes the sockets that a service manager has opened for this process, by the names that their units give them:
 * their order changes between starts. Clears the environment of them, so that no child takes them for its own.
 * @returns descriptors by name; of several with one name, the first
 */
export function takeSockets(env: NodeJS.ProcessEnv = process.env): Map<string, number> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  const sockets = new Map<string, number>();
  const count = Number(LISTEN_FDS ?? 0);
  if (Number(LISTEN_PID) !== process.pid || !Number.isInteger(count)) return sockets;
  const names = LISTEN_FDNAMES.split(':');
  for (let index = 0; index < count; index++) {
    const name = names[index] || 'unknown';
    if (!sockets.has(name)) sockets.set(name, firstDescriptor + index);
  }
  return sockets;
}
