import { run } from '../common/exec.ts';
import {
  fits,
  formatChainKey,
  getField,
  type NftChain,
  type NftExpression,
  type Packet,
  parseRuleset,
  type Ruleset,
} from './nft-rules.ts';

/** A chain of somebody else's that drops what netd lets pass: no table of rules can overrule another one's drop. */
export interface ForeignDrop {
  family: string;
  table: string;
  chain: string;
  /** Who made it, which says how it is to be told: `docker`, `ufw`, `firewalld`, `iptables` or `nftables`. */
  manager: string;
}

const timeoutMs = 10_000;
/** Of chains that jump to each other; the kernel has 16. */
const deepest = 32;

/**
 * The chains of this host that drop what a user's guests send to the outside, or the answers to it.
 * @throws CommandFailed, HostNotReady, Timeout
 */
export async function findDrops(bridge: string, uplinks: readonly string[]): Promise<ForeignDrop[]> {
  const args = ['-json', 'list', 'ruleset'];
  return dropsIn(parseRuleset(await run({ file: 'nft', args, timeoutMs })), bridge, uplinks);
}

/** Those of some rules. */
export function dropsIn(ruleset: Ruleset, bridge: string, uplinks: readonly string[]): ForeignDrop[] {
  const packets = uplinks.flatMap((uplink): Packet[] => [
    { iifname: bridge, oifname: uplink, state: 'new' },
    { iifname: uplink, oifname: bridge, state: 'established' },
  ]);
  return ruleset.chains
    .filter((chain) => isForeignFilter(chain) && packets.some((packet) => drops(ruleset, chain, packet)))
    .map((chain) => ({
      family: chain.family,
      table: chain.table,
      chain: chain.name,
      manager: managerOf(ruleset, chain),
    }));
}

function isForeignFilter({ family, table, type, hook }: NftChain): boolean {
  return hook === 'forward' && type === 'filter' && ['ip', 'inet'].includes(family) && table !== 'banger';
}

function drops(ruleset: Ruleset, chain: NftChain, packet: Packet): boolean {
  const verdict = verdictOf(ruleset, chain, chain.name, packet, 0);
  return verdict === 'drop' || (verdict === undefined && chain.policy === 'drop');
}

type Verdict = 'accept' | 'drop';

/**
 * What the rules of a chain do with a packet; nothing if they leave it to the chain before. Rules that hang on more
 * than is known, such as its ports, are taken to do nothing, except that they may let an answer pass: firewalls tell
 * answers by means that nft does not show.
 */
function verdictOf(
  ruleset: Ruleset,
  at: NftChain,
  name: string,
  packet: Packet,
  depth: number,
): Verdict | undefined {
  for (const expressions of ruleset.rules.get(formatChainKey(at, name)) ?? []) {
    const isFit = fits(expressions, packet);
    if (isFit === false) continue;
    const { kind, target } = deedOf(expressions);
    if (kind === 'return' && isFit) return undefined;
    const below = (kind === 'jump' || kind === 'goto') && depth < deepest;
    const verdict = below ? verdictOf(ruleset, at, target, packet, depth + 1) : asVerdict(kind);
    const isBelieved = isFit || (verdict === 'accept' && packet.state === 'established');
    if (verdict !== undefined && isBelieved) return verdict;
    if (kind === 'goto' && isFit) return undefined;
  }
  return undefined;
}

function asVerdict(kind: string): Verdict | undefined {
  if (kind === 'accept') return 'accept';
  return kind === 'drop' || kind === 'reject' ? 'drop' : undefined;
}

/** What a rule does at its end. */
function deedOf(expressions: readonly NftExpression[]): { kind: string; target: string } {
  const last = expressions.at(-1) ?? {};
  const [[kind = '', value] = []] = Object.entries(last);
  // Targets of iptables that nft has no word of its own for.
  if (kind === 'xt' && getField(value, 'name') === 'REJECT') return { kind: 'reject', target: '' };
  return { kind, target: String(getField(value, 'target') ?? '') };
}

function managerOf({ chains }: Ruleset, { family, table, name }: NftChain): string {
  const beside = chains.filter((chain) => chain.family === family && chain.table === table);
  if (table === 'firewalld') return 'firewalld';
  if (beside.some((chain) => chain.name === 'DOCKER-USER')) return 'docker';
  if (beside.some((chain) => chain.name.startsWith('ufw-'))) return 'ufw';
  return family === 'ip' && table === 'filter' && name === 'FORWARD' ? 'iptables' : 'nftables';
}
