import type { Bus } from '../bus/connection.ts';
import { RemoteError } from '../bus/errors.ts';
import type { Plain } from '../bus/values.ts';
import { BangerError } from '../common/errors.ts';

/** The name of a service manager on its bus, and its only object that is not a unit. */
export const systemdName = 'org.freedesktop.systemd1';
export const systemdPath = '/org/freedesktop/systemd1';
export const managerInterface = `${systemdName}.Manager`;
export const unitInterface = `${systemdName}.Unit`;
export const serviceInterface = `${systemdName}.Service`;
export const propertiesInterface = 'org.freedesktop.DBus.Properties';

/** systemd answers within milliseconds, and within seconds while it reads its units anew. */
const callTimeoutMs = 10_000;

/** Calls a method of the service manager. It is never started by a call: where it is not, it will not be. */
export async function callManager(
  bus: Bus,
  member: string,
  signature = '',
  body: readonly unknown[] = [],
): Promise<Plain[]> {
  const where = { destination: systemdName, path: systemdPath, interface: managerInterface };
  return await bus.call({
    ...where,
    member,
    signature,
    body,
    timeoutMs: callTimeoutMs,
    noAutoStart: true,
  });
}

/** One property of a unit. A unit that is not loaded has them too, with the values of one that never ran. */
export async function unitProperty(bus: Bus, unit: string, iface: string, name: string): Promise<Plain> {
  const [value = ''] = await bus.call({
    destination: systemdName,
    path: unitPath(unit),
    interface: propertiesInterface,
    member: 'Get',
    signature: 'ss',
    body: [iface, name],
    timeoutMs: callTimeoutMs,
    noAutoStart: true,
  });
  return value;
}

/** The object of a unit: all but ASCII letters and digits as `_` and two hexadecimal digits, and a leading digit too. */
export function unitPath(unit: string): string {
  const label = Buffer.from(unit).reduce((text, byte, index) => {
    const character = String.fromCharCode(byte);
    const isPlain = index === 0 ? /[A-Za-z]/.test(character) : /[A-Za-z0-9]/.test(character);
    return text + (isPlain ? character : `_${byte.toString(16).padStart(2, '0')}`);
  }, '');
  return `${systemdPath}/unit/${label}`;
}

/** Checks whether systemd refused with one of its own errors, such as `NoSuchUnit`. */
export function isRefusal(error: unknown, name: string): boolean {
  return error instanceof RemoteError && error.dbusName === `${systemdName}.${name}`;
}

/** Checks whether a call failed because nobody has the manager's name, as while it executes itself anew. */
export function isAway(error: unknown): boolean {
  return error instanceof BangerError && (error.code === 'DaemonUnreachable' || error.code === 'Timeout');
}

export function goneError(cause?: unknown): BangerError {
  return new BangerError('HostNotReady', 'the systemd of your login does not answer', {
    remedy: 'look at `systemctl --user status`, or log in again',
    cause,
  });
}
