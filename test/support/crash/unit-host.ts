import { copyFileSync, mkdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userPaths } from '../../../src/common/paths.ts';
import { allPids } from '../../../src/common/proc.ts';
import { homeOf, type UserName, uids } from '../../host/support/commands.ts';
import { openHost, type TestHost } from '../../host/support/host.ts';
import { checkout } from '../guest-home.ts';
import type { TinyInstallation } from '../tiny/installation.ts';
import type { CrashHost, ListedVm } from './home.ts';

const user: UserName = 'alice';
/** Of the user's cgroups, those of the manager itself, its bus and the session. */
const expected = /\/(init\.scope|dbus\.service|session-\w+\.scope|login-\w+\.service)(\/|$)/m;

/** A systemd host whose user has the tiny installation: the daemon is a service that the bus starts, VMs are units. */
export interface UnitHost {
  crash: CrashHost;
  host: TestHost;
}

/** Boots it and has its user log in. The caller closes the host. */
export async function unitHost(installation: TinyInstallation): Promise<UnitHost> {
  // At the same places as here, because the launchers name them.
  const shared = [join(checkout, 'build/test/tiny'), realpathSync(join(checkout, 'node_modules'))];
  const host = await openHost({ shared: shared.map((path) => ({ source: path, target: path })) });
  await host.login(user);
  await install(host, installation);
  const [home, runtime] = [homeOf(user), `/run/user/${uids[user]}`];
  // Other hosts of other tests have a user of this number, too.
  const space = namespaceOf(host.path('/').replace(/root\/$/, ''));
  const paths = userPaths({ HOME: home, XDG_RUNTIME_DIR: runtime });
  const crash: CrashHost = {
    prefix: host.commandLine(user, [], { env: { NODE_COMPILE_CACHE: `${home}/.cache/compiled` } }),
    env: process.env,
    temporary: '/tmp',
    root: host.path('/'),
    paths,
    banger: installation.banger,
    async dieAt(point) {
      const change =
        point === undefined
          ? ['unset-environment', 'BANGER_DIE_AT']
          : ['set-environment', `BANGER_DIE_AT=${point}`];
      await host.userSays(user, 'systemctl', '--user', ...change);
    },
    pidHere: (pid) => processesOf(space).find((process) => process.inside === pid)?.pid,
    processes: () =>
      processesOf(space).map(({ pid }) => ({
        pid,
        commandLine: read(pid, 'cmdline').replaceAll('\0', ' ').trim(),
      })),
    isOf: (id, pid) => read(pid, 'cgroup').includes(`/banger-vm-${id}.service`),
    isExpected: ({ pid }) => expected.test(read(pid, 'cgroup')),
    others: (vms) => unitsBesides(host, vms),
  };
  return { crash, host };
}

/** The user's units and activation files, as an installation puts them there. */
async function install(host: TestHost, { banger, env }: TinyInstallation): Promise<void> {
  const home = homeOf(user);
  const units = `${home}/.config/systemd/user`;
  const services = `${home}/.local/share/dbus-1/services`;
  for (const directory of [`${units}/bangerd.service.d`, services])
    mkdirSync(host.path(directory), { recursive: true });
  const template = readFileSync(join(checkout, 'systemd/bangerd.service'), 'utf8');
  writeFileSync(host.path(`${units}/bangerd.service`), template.replaceAll('@bindir@', join(banger, '..')));
  for (const name of ['bangerd.socket', 'banger.slice']) {
    copyFileSync(join(checkout, 'systemd', name), host.path(`${units}/${name}`));
  }
  const path = `${join(banger, '../../tools')}:/usr/local/bin:/usr/bin:/bin`;
  const variables = Object.entries({ ...env, PATH: path }).map(
    ([name, value]) => `Environment=${name}=${value}\n`,
  );
  writeFileSync(host.path(`${units}/bangerd.service.d/tiny.conf`), `[Service]\n${variables.join('')}`);
  copyFileSync(
    join(checkout, 'dbus/org.banger.Manager1.service.in'),
    host.path(`${services}/org.banger.Manager1.service`),
  );
  await host.rootSays('chown', '-R', `${user}:${user}`, `${home}/.config`, `${home}/.local`);
  await host.userSays(user, 'systemctl', '--user', 'daemon-reload');
  await host.userSays(user, 'systemctl', '--user', 'start', 'bangerd.socket');
  await host.userSays(
    user,
    'busctl',
    '--user',
    'call',
    'org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus',
    'ReloadConfig',
  );
}

/** The processes of the user in a namespace, with their pids here and there. */
function processesOf(space: string): { pid: number; inside: number }[] {
  return allPids().flatMap((pid) => {
    const status = read(pid, 'status');
    const [, real] = /^Uid:\t(\d+)/m.exec(status) ?? [];
    const [, here, inside] = /^NSpid:\t(\d+)\t(?:\d+\t)*(\d+)$/m.exec(status) ?? [];
    if (Number(real) !== uids[user] || namespaceOf(`/proc/${pid}`) !== space) return [];
    if (here === undefined || /^State:\t[ZX]/m.test(status)) return [];
    return [{ pid, inside: Number(inside) }];
  });
}

async function unitsBesides(host: TestHost, vms: readonly ListedVm[]): Promise<string[]> {
  const running = vms.filter(({ state }) => state === 'running').map(({ id }) => `banger-vm-${id}.service`);
  const known = ['banger.slice', 'bangerd.service', 'bangerd.socket', ...running];
  const units = await host.units('banger*', user);
  return units
    .filter(({ unit }) => !known.includes(unit))
    .map(({ unit, active }) => `unit ${unit} ${active}`);
}

/** @param process its directory in /proc */
function namespaceOf(process: string): string {
  try {
    return readlinkSync(join(process, 'ns/pid'));
  } catch {
    return '';
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
