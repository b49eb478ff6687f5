import { readFileSync } from 'node:fs';
import { execute, run } from '../common/exec.ts';
import { parseIpv4 } from '../common/ipv4.ts';
import { isLinkName } from './settings.ts';

const timeoutMs = 10_000;

/** Has the kernel take a set of rules, all of it or nothing. @throws CommandFailed, HostNotReady, Timeout */
export async function loadRules(ruleset: string): Promise<void> {
  await run({ file: 'nft', args: ['-f', '-'], input: ruleset, timeoutMs });
}

/** Checks whether both of netd's tables are there. @throws as loadRules */
export async function hasRules(): Promise<boolean> {
  const said = await run({ file: 'nft', args: ['-json', 'list', 'tables'], timeoutMs });
  const { nftables }: { nftables: { table?: { family: string; name: string } }[] } = JSON.parse(said);
  const families = nftables.filter(({ table }) => table?.name === 'banger').map(({ table }) => table?.family);
  return families.includes('inet') && families.includes('bridge');
}

/**
 * The interfaces that the rules name as forwarding by netd's doing: the kernel keeps what they were before.
 * @throws as loadRules
 */
export async function recordedForwarding(): Promise<string[]> {
  const args = ['-json', 'list', 'set', 'inet', 'banger', 'forwarded'];
  const { status, stdout } = await execute({ file: 'nft', args, timeoutMs });
  // There are no rules yet.
  if (status !== 0) return [];
  const { nftables }: { nftables: { set?: { elem?: string[] } }[] } = JSON.parse(stdout);
  return nftables.flatMap(({ set }) => set?.elem ?? []).filter(isLinkName);
}

/**
 * The first name server of this host that guests can be led to: not one on its loopback. Where systemd-resolved is
 * asked, this is the server that it asks itself.
 */
export function hostNameServer(
  files: readonly string[] = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'],
): number | undefined {
  for (const file of files) {
    for (const [, text = ''] of read(file).matchAll(/^nameserver[ \t]+(\S+)/gm)) {
      const address = parseIpv4(text);
      if (address !== undefined && address >= 2 ** 24 && Math.floor(address / 2 ** 24) !== 127)
        return address;
    }
  }
  return undefined;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
