import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { managerName, managerPath } from '../../../src/bus/interfaces.ts';
import { until } from '../../support/program.ts';
import { sharedCheckout } from './checkout.ts';
import type { UserName } from './commands.ts';
import { openHost, type TestHost } from './host.ts';

const unit = 'bangerd.service';

/** A host where alice has logged in and installed this build. */
export async function openServiceHost(): Promise<TestHost> {
  const host = await openHost({ shared: sharedCheckout() });
  try {
    await host.login('alice');
    await host.installFor('alice');
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** Writes a file of the host, with the directories that lead to it. */
export function write(host: TestHost, path: string, text: string): void {
  const outside = host.path(path);
  mkdirSync(dirname(outside), { recursive: true });
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
