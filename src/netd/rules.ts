import { hasRules, hostNameServer, loadRules, recordedForwarding } from './firewall.ts';
import { forwards, forwardsEverywhere, setForwarding } from './forwarding.ts';
import { type OwnLink, readOwnLinks, readRoutes } from './links.ts';
import { bridgeName } from './names.ts';
import { type Facts, formatRuleset, noRules } from './ruleset.ts';
import { parseAlias } from './taps.ts';

/** Keeps the kernel's rules, and its forwarding, what the taps that there are ask for. */
export class Rules {
  readonly #uplinks: () => readonly string[];
  /** What was loaded last; it may have been taken away since. */
  #loaded = '';
  /** What forwards by our doing; the rules have it for who comes after us, and may have been flushed. */
  #forwarding: readonly string[] = [];

  /** @param uplinks those of the settings; where they are none, the default routes tell */
  constructor(uplinks: () => readonly string[]) {
    this.#uplinks = uplinks;
  }

  /**
   * @param options ahead: keep the rules although there is no bridge, for one that is about to be made
   */
  async apply({ ahead = false } = {}): Promise<void> {
    const links = await readOwnLinks();
    const former = forwardsEverywhere()
      ? []
      : [...new Set([...this.#forwarding, ...(await recordedForwarding())])];
    if (!ahead && !links.some(({ kind }) => kind !== 'resolver')) {
      for (const name of former) setForwarding(name, false);
      this.#forwarding = [];
      if (await hasRules()) await loadRules(noRules);
      return;
    }
    const guests = guestsOf(links);
    const ways = await this.#waysOut(guests);
    // What is written down before it is done is taken back also by who comes after a kill.
    const begun = forwardsEverywhere() ? [] : ways.filter((name) => forwards(name) === false);
    const recorded = [...new Set([...former, ...begun])];
    const facts = { guests, nameServer: hostNameServer() };
    await this.#load({ ...facts, forwarding: recorded });
    this.#forwarding = recorded;
    for (const name of begun) setForwarding(name, true);
    for (const { name, kind } of links) {
      if (kind === 'bridge' && forwards(name) === false) setForwarding(name, true);
    }
    const ended = recorded.filter((name) => !ways.includes(name));
    if (ended.length === 0) return;
    for (const name of ended) setForwarding(name, false);
    this.#forwarding = recorded.filter((name) => !ended.includes(name));
    await this.#load({ ...facts, forwarding: this.#forwarding });
  }

  async #load(facts: Facts): Promise<void> {
    const ruleset = formatRuleset(facts);
    if (ruleset === this.#loaded && (await hasRules())) return;
    await loadRules(ruleset);
    this.#loaded = ruleset;
  }

  /** The interfaces that answers to guests come in by: a LAN may be elsewhere than the outside. */
  async #waysOut(guests: Facts['guests']): Promise<readonly string[]> {
    const outside = guests.filter(({ guest }) => guest.nat);
    const set = this.#uplinks();
    if (outside.length === 0 || set.length > 0) return outside.length === 0 ? [] : set;
    const { uplinks, interfaces } = await readRoutes();
    return outside.some(({ guest }) => guest.lan) ? [...new Set([...uplinks, ...interfaces])] : uplinks;
  }
}

function guestsOf(links: readonly OwnLink[]): Facts['guests'] {
  return links.flatMap((link) => {
    const guest = link.kind === 'tap' ? parseAlias(link) : undefined;
    const bridge = bridgeName(link.uid);
    const gateway = links.find(({ name }) => name === bridge)?.addresses[0]?.address;
    return guest && gateway !== undefined ? [{ tap: link.name, bridge, gateway, guest }] : [];
  });
}
