import { findProgram } from '../common/find-program.ts';
import type { DroppingChain, Drops } from '../network/grants.ts';
import { type Finding, fail, pass } from './check.ts';

const names: Readonly<Record<string, string>> = { docker: 'Docker', ufw: 'ufw', firewalld: 'firewalld' };

/** Checks whether packets of bridged guests get through this host. */
export function checkForwarding(
  { bridge, drops }: Drops,
  hasIptables = findProgram('iptables') !== undefined,
): Finding[] {
  if (drops.length === 0) return [pass('forwarding', 'no packet filter drops what bridged VMs send')];
  return drops.map((drop) => {
    const where = `${drop.family} ${drop.table} ${drop.chain}`;
    const who = names[drop.manager] ?? 'a packet filter of this host';
    return fail(
      'forwarding',
      `${who} drops what bridged VMs send to the outside, or the answers (nft chain ${where})`,
      remedyFor(drop, bridge, hasIptables),
    );
  });
}

/** netd's own rules let only answers in, so what lets all in here opens nothing. */
function remedyFor(
  { family, table, chain, manager }: DroppingChain,
  bridge: string,
  hasIptables: boolean,
): string {
  const both = (command: (flag: string) => string) => `${command('-i')} && ${command('-o')}`;
  if (manager === 'docker' && hasIptables) {
    return both((flag) => `iptables -I DOCKER-USER ${flag} ${bridge} -j ACCEPT`);
  }
  if (manager === 'ufw') return `ufw route allow in on ${bridge} && ufw route allow out on ${bridge}`;
  if (manager === 'firewalld') {
    return `firewall-cmd --permanent --zone=trusted --add-interface=${bridge} && firewall-cmd --reload`;
  }
  if (manager === 'iptables' && hasIptables) {
    return both((flag) => `iptables -I FORWARD ${flag} ${bridge} -j ACCEPT`);
  }
  const rules = ['iifname', 'oifname'].map(
    (key) => `nft insert rule ${family} ${table} ${chain} ${key} ${bridge} accept`,
  );
  return rules.join(' && ');
}
