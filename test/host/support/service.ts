import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { managerName, managerPath } from '../../../src/bus/interfaces.ts';
import { checkout } from '../../support/guest-home.ts';
import { until } from '../../support/program.ts';
import type { UserName } from './commands.ts';
import { openHost, type TestHost } from './host.ts';

/** Where the test host sees this checkout. */
export const shared = '/opt/banger';
const unit = 'bangerd.service';

/** A host with this build for alice, who is logged in. */
export async function openServiceHost(): Promise<TestHost> {
  const host = await openHost({ shared: [{ source: checkout, target: shared }] });
  try {
    const units = join(checkout, 'systemd');
    for (const file of readdirSync(units)) {
      write(host, `/usr/lib/systemd/user/${file}`, substitute(readFileSync(join(units, file), 'utf8')));
    }
    const activation = readFileSync(join(checkout, `dbus/${managerName}.service.in`), 'utf8');
    write(host, `/usr/share/dbus-1/services/${managerName}.service`, substitute(activation));
    await host.rootSays('systemctl', '--global', 'enable', 'bangerd.socket');
    await host.login('alice');
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

function substitute(text: string): string {
  return text.replaceAll('@bindir@', `${shared}/bin`);
}

/** Writes a file of the host, with the directories that lead to it. */
export function write(host: TestHost, path: string, text: string): void {
  const outside = host.path(path);
  mkdirSync(join(outside, '..'), { recursive: true });
  writeFileSync(outside, text);
}

/** Overrides settings of the daemon's unit, or takes that back where there are none. */
export async function override(host: TestHost, name: UserName, settings?: string): Promise<void> {
  const file = `/etc/systemd/user/${unit}.d/test.conf`;
  if (settings === undefined) rmSync(host.path(file), { force: true });
  else write(host, file, `[Service]\n${settings}\n`);
  await host.userSays(name, 'systemctl', '--user', 'daemon-reload');
  await stop(host, name);
}

export async function stop(host: TestHost, name: UserName): Promise<void> {
  await host.userSays(name, 'systemctl', '--user', 'stop', unit);
}

/** A property of the daemon's unit. */
export function property(host: TestHost, name: UserName, property: string): Promise<string> {
  return host.userSays(name, 'systemctl', '--user', 'show', '--value', `--property=${property}`, unit);
}

/** Waits until the unit has a value in a property. */
export async function untilUnit(
  host: TestHost,
  user: UserName,
  name: string,
  holds: (value: string) => boolean,
  timeoutMs?: number,
): Promise<void> {
  await until(`${name} of ${unit}`, async () => holds(await property(host, user, name)), timeoutMs);
}

/** Calls a method of the manager by busctl, with arguments as it takes them, and gives what it printed. */
export function call(host: TestHost, name: UserName, method: string, ...args: string[]): Promise<string> {
  return host.userSays(name, ...callCommand(method, ...args));
}

/** The command line of `call`. */
export function callCommand(method: string, ...args: string[]): string[] {
  return ['busctl', '--user', 'call', managerName, managerPath, managerName, method, ...args];
}
