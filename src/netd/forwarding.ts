import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BangerError, getMessage } from '../common/errors.ts';

const directory = '/proc/sys/net';

/** Checks whether this host forwards on all interfaces, by somebody else's doing. */
export function forwardsEverywhere(): boolean {
  return read('ipv4/conf/all/forwarding') === '1';
}

/** Checks whether an interface forwards; nothing if there is none of the name. */
export function forwards(name: string): boolean | undefined {
  const value = read(`ipv4/conf/${name}/forwarding`);
  return value === undefined ? undefined : value === '1';
}

/** @throws CommandFailed if the kernel does not take it */
export function setForwarding(name: string, on: boolean): void {
  if (forwards(name) !== undefined) write(`ipv4/conf/${name}/forwarding`, on ? '1' : '0');
}

/** Takes IPv6 from an interface, before it is up. */
export function withoutIpv6(name: string): void {
  if (read(`ipv6/conf/${name}/disable_ipv6`) !== undefined) write(`ipv6/conf/${name}/disable_ipv6`, '1');
}

function read(setting: string): string | undefined {
  const file = `${directory}/${setting}`;
  return existsSync(file) ? readFileSync(file, 'latin1').trim() : undefined;
}

function write(setting: string, value: string): void {
  try {
    writeFileSync(`${directory}/${setting}`, value);
  } catch (error) {
    throw new BangerError('CommandFailed', `${directory}/${setting} cannot be set: ${getMessage(error)}`);
  }
}
