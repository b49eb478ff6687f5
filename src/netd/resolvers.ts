import type { Bus } from '../bus/connection.ts';
import { BangerError } from '../common/errors.ts';
import { execute } from '../common/exec.ts';
import { formatIpv4 } from '../common/ipv4.ts';
import type { Log } from '../common/log.ts';
import { userLabel } from '../common/user-label.ts';
import { withoutIpv6 } from './forwarding.ts';
import { ipBatch, type OwnLink, readLinks, readOwnLinks, readRoutes, removeLinks } from './links.ts';
import { resolverName, resolverPeer } from './names.ts';
import { setLink } from './resolved.ts';
import type { Settings } from './settings.ts';
import { requireOwnServer } from './sockets.ts';
import { chooseSubnet, presentSubnet } from './subnets.ts';

const everyonesDomain = 'vm';
const timeoutMs = 10_000;

/** What stands in the alias of a resolver's link: whom systemd-resolved asks, and for whom. */
interface Resolver {
  link: OwnLink;
  port: number;
  /** The connection that it belongs to. */
  sender: string;
  /** Whether `vm` is asked of it. */
  hasEveryones: boolean;
}

/**
 * The DNS servers of users that systemd-resolved asks. Each has a link of its own, a veth pair that is always up,
 * whose alias tells all there is to know: a netd that comes after a kill takes over what it finds.
 * Calls must come one at a time.
 */
export class Resolvers {
  readonly #bus: Bus;
  readonly #settings: () => Settings;
  readonly #log: Log;

  constructor(bus: Bus, settings: () => Settings, log: Log) {
    this.#bus = bus;
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Has resolved ask a user's server, and gives the domains that it asks for.
   * @param sender the connection of the user that it is for
   * @throws AccessDenied if the socket is not the user's, HostNotReady without resolved, and as `Network`
   */
  async set(uid: number, port: number, sender: string): Promise<string[]> {
    requireOwnServer(uid, port);
    const all = await readResolvers();
    const others = all.filter(({ link }) => link.uid !== uid);
    const hasEveryones = !others.some((other) => other.hasEveryones);
    const name = resolverName(uid);
    if (!all.some(({ link }) => link.uid === uid)) await this.#addLink(uid);
    try {
      await describe(name, port, sender, hasEveryones);
      const resolver = (await readResolvers()).find(({ link }) => link.uid === uid);
      if (!resolver)
        throw new BangerError('CommandFailed', `the interface ${name} has gone`, { remedy: 'try again' });
      return await this.#tell(resolver);
    } catch (error) {
      await this.remove(uid);
      throw error;
    }
  }

  /** Has resolved forget a user's server; with `vm` goes on who waits longest. */
  async remove(uid: number): Promise<void> {
    await removeLinks(
      (await readOwnLinks())
        .filter((link) => link.kind === 'resolver' && link.uid === uid)
        .map(({ name }) => name),
    );
    await this.#passOn();
  }

  /** Has resolved forget the server of a connection that has left the bus. */
  async vanished(sender: string): Promise<void> {
    for (const { link, sender: owner } of await readResolvers()) {
      if (owner === sender) await this.remove(link.uid);
    }
  }

  /** Has resolved forget all servers: nobody is about to watch who has them. */
  async removeAll(): Promise<void> {
    const links = (await readOwnLinks()).filter(({ kind }) => kind === 'resolver');
    await removeLinks(links.map(({ name }) => name));
  }

  /** Takes away what nobody may have any more, and gives the connections that the rest belongs to. */
  async check(): Promise<{ uid: number; sender: string }[]> {
    const whole = await readResolvers();
    const broken = (await readOwnLinks()).filter(
      ({ kind, name }) => kind === 'resolver' && !whole.some(({ link }) => link.name === name),
    );
    await removeLinks(broken.map(({ name }) => name));
    const kept: { uid: number; sender: string }[] = [];
    for (const { link, port, sender } of whole) {
      const why = await this.#objection(link.uid, port, sender);
      if (why === undefined) kept.push({ uid: link.uid, sender });
      else {
        this.#log.warn({ uid: link.uid }, `the resolver of ${link.uid} is withdrawn: ${why}`);
        await removeLinks([link.name]);
      }
    }
    await this.#passOn();
    return kept;
  }

  /** Tells resolved, which may have been started anew, of all servers. */
  async tellAll(): Promise<void> {
    for (const resolver of await readResolvers()) await this.#tell(resolver);
  }

  async #objection(uid: number, port: number, sender: string): Promise<string | undefined> {
    const [owner] = await this.#bus.callBus('GetConnectionUnixUser', 's', [sender]).catch(() => []);
    if (owner !== uid) return 'its owner has left the bus';
    try {
      requireOwnServer(uid, port);
      return undefined;
    } catch (error) {
      if (error instanceof BangerError) return error.message;
      throw error;
    }
  }

  async #addLink(uid: number): Promise<void> {
    const links = await readLinks();
    const [name, peer] = [resolverName(uid), resolverPeer(uid)];
    await removeLinks(links.filter((link) => link.name === name).map((link) => link.name));
    const present = presentSubnet(uid, links);
    const { resolver } =
      present ?? chooseSubnet(uid, this.#settings().pool, links, (await readRoutes()).networks);
    await ipBatch([`link add name ${name} type veth peer name ${peer}`]);
    for (const end of [name, peer]) withoutIpv6(end);
    await ipBatch([
      // resolved uses a link that is up at both ends and has an address beyond the host.
      `address add ${formatIpv4(resolver)}/32 dev ${name}`,
      `link set dev ${peer} up`,
      `link set dev ${name} up`,
    ]);
  }

  async #passOn(): Promise<void> {
    const all = await readResolvers();
    const next = all.sort((one, other) => one.link.index - other.link.index)[0];
    if (!next || all.some(({ hasEveryones }) => hasEveryones)) return;
    await describe(next.link.name, next.port, next.sender, true);
    await this.#tell({ ...next, hasEveryones: true });
  }

  async #tell({ link, port, hasEveryones }: Resolver): Promise<string[]> {
    const own = await ownDomain(link.uid);
    const domains = [...(own ? [own] : []), ...(hasEveryones ? [everyonesDomain] : [])];
    await setLink(this.#bus, link.index, port, domains);
    return domains;
  }
}

async function readResolvers(): Promise<Resolver[]> {
  return (await readOwnLinks()).flatMap((link) => {
    if (link.kind !== 'resolver') return [];
    const [, port, sender, everyones] = /^banger (\d{1,5}) (:[\d.]+)( vm)?$/.exec(link.alias) ?? [];
    if (port === undefined || sender === undefined) return [];
    return [{ link, port: Number(port), sender, hasEveryones: everyones !== undefined }];
  });
}

async function describe(name: string, port: number, sender: string, hasEveryones: boolean): Promise<void> {
  // A unique name is digits and dots after a colon: the bus made it.
  if (!/^:[\d.]+$/.test(sender)) throw new BangerError('InvalidArgs', 'the caller has no unique name');
  const alias = `banger ${port} ${sender}${hasEveryones ? ' vm' : ''}`;
  await ipBatch([`link set dev ${name} alias "${alias}"`]);
}

/** `USER.vm`; nothing where the name of the user cannot be a label of a domain name. */
async function ownDomain(uid: number): Promise<string | undefined> {
  const { stdout } = await execute({ file: 'getent', args: ['passwd', String(uid)], timeoutMs });
  const label = userLabel(stdout.split(':')[0] ?? '');
  return label === undefined ? undefined : `${label}.${everyonesDomain}`;
}
