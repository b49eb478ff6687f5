/** What nft(8) prints with -json of all rules, as far as it is read here; see libnftables-json(5). */
export interface NftChain {
  family: string;
  table: string;
  name: string;
  type?: string;
  hook?: string;
  policy?: string;
}

export type NftExpression = Readonly<Record<string, unknown>>;

/** All chains and their rules. */
export interface Ruleset {
  chains: readonly NftChain[];
  /** The expressions of each rule, in order, by `family table chain`. */
  rules: ReadonlyMap<string, readonly NftExpression[][]>;
}

/** @throws SyntaxError for what is no JSON */
export function parseRuleset(json: string): Ruleset {
  const { nftables }: { nftables: { chain?: NftChain; rule?: NftRule }[] } = JSON.parse(json);
  const rules = new Map<string, NftExpression[][]>();
  for (const { rule } of nftables) {
    if (!rule) continue;
    const key = formatChainKey(rule, rule.chain);
    rules.set(key, [...(rules.get(key) ?? []), rule.expr ?? []]);
  }
  return { chains: nftables.flatMap(({ chain }) => (chain ? [chain] : [])), rules };
}

interface NftRule {
  family: string;
  table: string;
  chain: string;
  expr?: NftExpression[];
}

/** Finds where the rules of a chain are found. */
export function formatChainKey({ family, table }: { family: string; table: string }, chain: string): string {
  return `${family} ${table} ${chain}`;
}

/** What is asked about: a packet that is forwarded. */
export interface Packet {
  iifname: string;
  oifname: string;
  state: 'new' | 'established';
}

/** Checks whether a packet fits all of a rule's conditions; nothing if that hangs on more than is known of it. */
export function fits(expressions: readonly NftExpression[], packet: Packet): boolean | undefined {
  let isSure = true;
  for (const expression of expressions) {
    const answer = fitsOne(expression, packet);
    if (answer === false) return false;
    isSure &&= answer === true;
  }
  return isSure ? true : undefined;
}

/** What a rule does with a packet that fits, not whether it does. */
const deeds = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'counter', 'log', 'mangle', 'notrack'];

function fitsOne(expression: NftExpression, packet: Packet): boolean | undefined {
  const [[kind = '', value] = []] = Object.entries(expression);
  if (deeds.includes(kind)) return true;
  if (kind === 'xt') return getField(value, 'type') === 'target' ? true : undefined;
  if (kind !== 'match') return undefined;
  const own = ownValue(getField(value, 'left'), packet);
  if (own === undefined) return undefined;
  const wanted = namesIn(getField(value, 'right'));
  if (!wanted) return undefined;
  const isAmong = wanted.some((name) => matches(own, name));
  return getField(value, 'op') === '!=' ? !isAmong : isAmong;
}

function ownValue(left: unknown, packet: Packet): string | undefined {
  const meta = getField(getField(left, 'meta'), 'key');
  if (meta === 'iifname' || meta === 'iif') return packet.iifname;
  if (meta === 'oifname' || meta === 'oif') return packet.oifname;
  if (meta === 'nfproto') return 'ipv4';
  return getField(getField(left, 'ct'), 'key') === 'state' ? packet.state : undefined;
}

/** The names on the right side of a match; nothing for a named set or what is no list of names. */
function namesIn(right: unknown): string[] | undefined {
  const set = getField(right, 'set') ?? right;
  const list = Array.isArray(set) ? set : [set];
  const names = list.filter((item): item is string => typeof item === 'string');
  return names.length === list.length && !names.some((name) => name.startsWith('@')) ? names : undefined;
}

function matches(own: string, pattern: string): boolean {
  return pattern.endsWith('*') ? own.startsWith(pattern.slice(0, -1)) : own === pattern;
}

/** A property of what may be no object. */
export function getField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
