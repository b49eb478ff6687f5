import type { Bus } from '../bus/connection.ts';
import { RemoteError } from '../bus/errors.ts';
import { BangerError, getProblem } from '../common/errors.ts';

export const resolvedName = 'org.freedesktop.resolve1';

const ipv4 = 2;
const loopback = [127, 0, 0, 1];
const deadlineMs = 10_000;

/**
 * Has systemd-resolved ask a server at 127.0.0.1 for some domains and all below them, by the settings of one link;
 * org.freedesktop.resolve1(5).
 * @throws HostNotReady if there is no resolved, CommandFailed if it refuses, Timeout
 */
export async function setLink(
  bus: Bus,
  index: number,
  port: number,
  domains: readonly string[],
): Promise<void> {
  const set = (member: string, signature: string, ...values: unknown[]) =>
    call(bus, `SetLink${member}`, `i${signature}`, [index, ...values]);
  await set('DefaultRoute', 'b', false);
  await set('LLMNR', 's', 'no');
  await set('MulticastDNS', 's', 'no');
  await set('DNSSEC', 's', 'no');
  await set('DNSOverTLS', 's', 'no');
  // Without domains the server would be asked for nothing, and with them and no server they would lead nowhere.
  await set(
    'Domains',
    'a(sb)',
    domains.map((domain) => [domain, true]),
  );
  await set('DNSEx', 'a(iayqs)', [[ipv4, loopback, port, '']]);
}

async function call(bus: Bus, member: string, signature: string, body: readonly unknown[]): Promise<void> {
  try {
    await bus.call({
      destination: resolvedName,
      path: '/org/freedesktop/resolve1',
      interface: 'org.freedesktop.resolve1.Manager',
      member,
      signature,
      body,
      timeoutMs: deadlineMs,
    });
  } catch (error) {
    if (await isAbsent(bus)) {
      throw new BangerError('HostNotReady', `systemd-resolved does not run`, {
        remedy: `see docs/dns-routing.md for other ways to the names of VMs`,
        cause: error,
      });
    }
    if (error instanceof RemoteError) {
      throw new BangerError('CommandFailed', `systemd-resolved refused ${member}: ${getProblem(error)}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Checks whether nobody has resolved's name, whatever kept the bus from having it started. */
async function isAbsent(bus: Bus): Promise<boolean> {
  const [hasOwner] = await bus.callBus('NameHasOwner', 's', [resolvedName]);
  return hasOwner !== true;
}
