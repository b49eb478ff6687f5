import { mkdirSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { BangerError } from './errors.ts';

/** Where banger keeps its files, after the XDG base directory specification. */
export interface Paths {
  config: string;
  state: string;
  cache: string;
  /** Sockets and locks; gone after a reboot. */
  runtime: string;
}

/**
 * The directories of this user; none is made here.
 * @throws HostNotReady if the fallback runtime directory belongs to somebody else
 */
export function userPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const home = env.HOME || homedir();
  return {
    config: join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'banger'),
    state: join(absolute(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'banger'),
    cache: join(absolute(env.XDG_CACHE_HOME) ?? join(home, '.cache'), 'banger'),
    runtime: runtimeDirectory(env),
  };
}

/** The socket on which a daemon serves HTTP. */
export function socketIn(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'bangerd.sock');
}

/**
 * Makes a directory that only this user may enter, with its parents.
 * @throws HostNotReady if it exists and belongs to somebody else or is open to others
 */
export function makePrivateDirectory(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = statSync(path);
  if (stat.uid !== userInfo().uid) {
    throw new BangerError(
      'HostNotReady',
      `${path} belongs to another user (uid ${stat.uid}); remove it or set XDG_RUNTIME_DIR`,
    );
  }
  if ((stat.mode & 0o077) !== 0) {
    throw new BangerError('HostNotReady', `${path} is open to other users; run \`chmod 700 ${path}\``);
  }
  return path;
}

/** banger's own key, which opens the VMs of a user who configures no other. @param config of `Paths` */
export function ownKeyFile(config: string): string {
  return join(config, 'ssh', 'id_ed25519');
}

function runtimeDirectory(env: NodeJS.ProcessEnv): string {
  const given = absolute(env.XDG_RUNTIME_DIR);
  if (given) return join(given, 'banger');
  const uid = userInfo().uid;
  const ofLogin = `/run/user/${uid}`;
  if (statSync(ofLogin, { throwIfNoEntry: false })?.uid === uid) return join(ofLogin, 'banger');
  return `/tmp/banger-${uid}`;
}

/** Where the daemon writes what it did, one JSON object a line. */
export function daemonLogFile(stateDirectory: string): string {
  return join(stateDirectory, 'bangerd.log');
}

/** The specification has relative paths ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined;
}
