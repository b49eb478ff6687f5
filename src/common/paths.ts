import { statSync } from 'node:fs';
import { join } from 'node:path';
import { BangerError } from './errors.ts';
import { findUser, refuseRootForOthers } from './user.ts';

/** Where banger keeps its files, after the XDG base directory specification. */
export interface Paths {
  config: string;
  state: string;
  cache: string;
  /** Sockets and locks; gone after a reboot. */
  runtime: string;
}

/** What each of them is set by. */
export const variables: Readonly<Record<keyof Paths, string>> = {
  config: 'XDG_CONFIG_HOME',
  state: 'XDG_STATE_HOME',
  cache: 'XDG_CACHE_HOME',
  runtime: 'XDG_RUNTIME_DIR',
};

/** `sun_path` of unix(7), less its terminating zero. */
export const maxSocketPath = 107;
/** The longest path of a socket below the runtime directory, with what ssh adds to its own while it makes it. */
const maxSocketLength = '/vms/a234567890/ssh.sock.1234567890123456';

/**
 * The directories of this user; none is made here.
 * @throws HostNotReady if sockets in the runtime directory would have too long a path, if root's would lie with another
 *   user's, or if the user database does not have this user
 */
export function userPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const user = findUser();
  const home = absolute(env.HOME) ?? user.home;
  refuseRootForOthers({ HOME: home, ...givenDirectories(env) });
  return {
    config: join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'banger'),
    state: join(absolute(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'banger'),
    cache: join(absolute(env.XDG_CACHE_HOME) ?? join(home, '.cache'), 'banger'),
    runtime: withRoomForSockets(runtimeDirectory(env, user.uid)),
  };
}

/** The socket on which a daemon serves HTTP. */
export function socketIn(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'bangerd.sock');
}

/** banger's own key, which opens the VMs of a user who configures no other. @param config of `Paths` */
export function ownKeyFile(config: string): string {
  return join(config, 'ssh', 'id_ed25519');
}

function runtimeDirectory(env: NodeJS.ProcessEnv, uid: number): string {
  const given = absolute(env.XDG_RUNTIME_DIR);
  if (given) return join(given, 'banger');
  const ofLogin = `/run/user/${uid}`;
  if (statSync(ofLogin, { throwIfNoEntry: false })?.uid === uid) return join(ofLogin, 'banger');
  return `/tmp/banger-${uid}`;
}

/** Finds where a daemon that has no journal writes what it did, one JSON object a line. */
export function daemonLogFile(stateDirectory: string): string {
  return join(stateDirectory, 'bangerd.log');
}

function givenDirectories(env: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.values(variables).map((name) => [name, absolute(env[name])] as const);
  return Object.fromEntries(given.flatMap(([name, path]) => (path === undefined ? [] : [[name, path]])));
}

function withRoomForSockets(runtime: string): string {
  const most = maxSocketPath - maxSocketLength.length;
  if (Buffer.byteLength(runtime) <= most) return runtime;
  throw new BangerError('HostNotReady', `the runtime directory ${runtime} has too long a path for sockets`, {
    remedy: `set XDG_RUNTIME_DIR to one of at most ${most - '/banger'.length} bytes`,
  });
}

/** The specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}
