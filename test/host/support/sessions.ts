import { until } from '../../support/program.ts';
import { type Commands, type UserName, uids } from './commands.ts';

const timeoutMs = 60_000;

/** A session as logind knows it. */
export interface Session {
  id: string;
  user: string;
}

/** The sessions of a user; managers of users are none. */
export async function sessionsOf(host: Commands, name: UserName): Promise<Session[]> {
  const listed: { session: string; user: string }[] = JSON.parse(
    await host.rootSays('loginctl', 'list-sessions', '--output=json'),
  );
  return listed.filter(({ user }) => user === name).map(({ session, user }) => ({ id: session, user }));
}

export async function userManagerIsUp(host: Commands, name: UserName): Promise<boolean> {
  const { stdout } = await host.asRoot(['systemctl', 'is-active', managerOf(name)]);
  return stdout.toString().trim() === 'active';
}

/** Opens a session through PAM, as a login does: logind knows it and starts the user's manager and bus. */
export async function openSession(host: Commands, name: UserName): Promise<void> {
  const unit = sessionUnit(name);
  await host.rootSays(
    ...['systemd-run', '--quiet', `--unit=${unit}`, `--uid=${name}`, '--property=PAMName=login', '--collect'],
    ...['sleep', 'infinity'],
  );
  await until(`${name} has a session`, async () => (await sessionsOf(host, name)).length > 0, timeoutMs);
  await managerIs(host, name, true);
}

/** Ends the session, and waits for the end of the user's manager unless that lingers. */
export async function closeSession(host: Commands, name: UserName): Promise<void> {
  await host.rootSays('systemctl', 'stop', sessionUnit(name));
  await until(`${name} has no session`, async () => (await sessionsOf(host, name)).length === 0, timeoutMs);
  if (!(await lingers(host, name))) await managerIs(host, name, false);
}

/** Lets a user's manager live without a session, or not, and waits until that is so. */
export async function setLinger(host: Commands, name: UserName, on: boolean): Promise<void> {
  await host.rootSays('loginctl', on ? 'enable-linger' : 'disable-linger', name);
  if (on || (await sessionsOf(host, name)).length === 0) await managerIs(host, name, on);
}

async function lingers(host: Commands, name: UserName): Promise<boolean> {
  return (await host.asRoot(['test', '-e', `/var/lib/systemd/linger/${name}`])).status === 0;
}

/** A manager stops within a second after it is no longer wanted, and then its units. */
async function managerIs(host: Commands, name: UserName, up: boolean): Promise<void> {
  const state = up ? 'active' : 'inactive';
  await until(
    `the manager of ${name} is ${state}`,
    async () => {
      const { stdout } = await host.asRoot(['systemctl', 'is-active', managerOf(name)]);
      return stdout.toString().trim() === state;
    },
    timeoutMs,
  );
}

function managerOf(name: UserName): string {
  return `user@${uids[name]}.service`;
}

function sessionUnit(name: UserName): string {
  return `login-${name}.service`;
}
