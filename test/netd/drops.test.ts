/** Packet filters as other programs leave them, in a network namespace of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { dropsIn } from '../../src/netd/drops.ts';
import { parseRuleset } from '../../src/netd/nft-rules.ts';

const bridge = 'bngr1000';

/** What drops guests' packets where the kernel has these rules, as `family table chain: manager`. */
async function drops(rules: string, uplinks: readonly string[] = ['eth0']): Promise<string[]> {
  const script = 'nft -f - && nft -json list ruleset';
  const listed = await run({
    file: 'unshare',
    args: ['-n', 'sh', '-c', script],
    input: rules,
    timeoutMs: 20_000,
  });
  return dropsIn(parseRuleset(listed), bridge, uplinks).map(
    ({ family, table, chain, manager }) => `${family} ${table} ${chain}: ${manager}`,
  );
}

const forward = (policy: string, ...rules: string[]) => `chain FORWARD {
  type filter hook forward priority 0; policy ${policy}
  ${rules.join('\n')}
}
`;
/** As Docker leaves them, after its own rules have been translated by iptables-nft. */
const docker = (...user: string[]) => `table ip filter {
  chain DOCKER-USER {
    ${user.join('\n')}
    counter return
  }
  chain DOCKER-ISOLATION-STAGE-1 {
    iifname "docker0" oifname != "docker0" counter return
  }
  ${forward('drop', 'counter jump DOCKER-USER', 'counter jump DOCKER-ISOLATION-STAGE-1', 'oifname "docker0" ct state related,established counter accept', 'iifname "docker0" oifname != "docker0" counter accept')}
}
`;
const firewalld = (...trusted: string[]) => `table inet firewalld {
  chain filter_FWD_trusted {
    accept
  }
  chain filter_FORWARD_ZONES {
    iifname "eth1" goto filter_FWD_trusted
    ${trusted.join('\n')}
  }
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept
    ct state { established, related } accept
    iifname "lo" accept
    jump filter_FORWARD_ZONES
    ct state invalid drop
    reject with icmpx type admin-prohibited
  }
}
`;
const ufw = (...own: string[]) => `table ip filter {
  chain ufw-before-forward {
    ct state related,established counter accept
    icmp type echo-request counter accept
    counter jump ufw-user-forward
  }
  chain ufw-user-forward {
    ${own.join('\n')}
  }
  ${forward('drop', 'counter jump ufw-before-forward')}
}
`;

test('where nobody filters, or what is filtered is something else, nothing is dropped', async () => {
  assert.deepEqual(await drops(''), []);
  const others = `table ip filter { ${forward('accept', 'iifname "docker0" drop', 'tcp dport 25 drop')}
  chain INPUT { type filter hook input priority 0; policy drop; }
}
table inet banger { chain between { type filter hook forward priority -10; policy drop; }
}
table inet mine {
  set bad { type ipv4_addr; }
  chain c { type filter hook forward priority 5; ip daddr @bad drop; ct state invalid drop; }
}
`;
  assert.deepEqual(await drops(others), []);
  assert.deepEqual(await drops(`table ip6 filter { ${forward('drop')}}\n`), []);
  assert.deepEqual(await drops(docker(), []), [], 'without a way out nothing goes there');
});

test("Docker's drop is found, until its chain for users lets guests pass", async () => {
  const found = ['ip filter FORWARD: docker'];
  assert.deepEqual(await drops(docker()), found);
  assert.deepEqual(await drops(docker('iifname "bngr*" tcp dport 80 accept')), found, 'one port is not all');
  assert.deepEqual(await drops(docker('iifname "bngr1001" accept', 'oifname "bngr1001" accept')), found);
  assert.deepEqual(await drops(docker('iifname "bngr1000" accept')), found, 'the answers are dropped');
  const remedy = ['oifname "bngr1000" accept', 'iifname "bngr1000" accept'];
  assert.deepEqual(await drops(docker(...remedy)), []);
  assert.deepEqual(
    await drops(docker('iifname { "a", "bngr1000" } accept', 'ct state established accept')),
    [],
  );
  assert.deepEqual(await drops(docker('iifname != "docker0" drop', ...remedy)), found);
});

test('drops of ufw and firewalld are found until rules allow the guests', async () => {
  assert.deepEqual(await drops(ufw()), ['ip filter FORWARD: ufw']);
  assert.deepEqual(
    await drops(ufw('iifname "bngr1000" counter accept', 'oifname "bngr1000" counter accept')),
    [],
  );
  assert.deepEqual(await drops(firewalld()), ['inet firewalld filter_FORWARD: firewalld']);
  assert.deepEqual(await drops(firewalld('iifname "bngr1000" goto filter_FWD_trusted')), []);
});

test("an administrator's own drop is found, in any table, and several at once", async () => {
  const iptables = `table ip filter { ${forward('drop', 'ct state established accept')}}\n`;
  assert.deepEqual(await drops(iptables), ['ip filter FORWARD: iptables']);
  const own = `table inet mine { chain f { type filter hook forward priority 0; iifname "lan0" accept; counter log drop; }\n}\n`;
  assert.deepEqual(await drops(`${iptables}${own}`), [
    'ip filter FORWARD: iptables',
    'inet mine f: nftables',
  ]);
  const outOnly = `table inet mine { chain f { type filter hook forward priority 0; oifname "eth1" drop; }\n}\n`;
  assert.deepEqual(await drops(outOnly), []);
  assert.deepEqual(await drops(outOnly, ['eth0', 'eth1']), ['inet mine f: nftables']);
});

test('what iptables means by conditions that nft has no words for is not guessed at', () => {
  const rule = (chain: string, ...expr: object[]) => ({
    rule: { family: 'ip', table: 'filter', chain, expr },
  });
  const base = { family: 'ip', table: 'filter', name: 'FORWARD', type: 'filter', hook: 'forward' };
  const conntrack = { xt: { type: 'match', name: 'conntrack' } };
  const fromBridge = { match: { op: '==', left: { meta: { key: 'iifname' } }, right: bridge } };
  const dropsOf = (policy: string, ...rules: object[]) =>
    dropsIn(parseRuleset(JSON.stringify({ nftables: [{ chain: { ...base, policy } }, ...rules] })), bridge, [
      'eth0',
    ]).length;
  // As iptables writes `-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`.
  const answers = rule('FORWARD', conntrack, { accept: null });
  assert.equal(dropsOf('drop', answers), 1);
  assert.equal(dropsOf('drop', answers, rule('FORWARD', fromBridge, { accept: null })), 0);
  assert.equal(dropsOf('accept', rule('FORWARD', conntrack, { drop: null })), 0);
  assert.equal(
    dropsOf('accept', rule('FORWARD', { counter: {} }, { xt: { type: 'target', name: 'REJECT' } })),
    1,
  );
  assert.equal(dropsOf('accept', rule('FORWARD', { xt: { type: 'target', name: 'LOG' } })), 0);
  // Chains that jump in a circle, which the kernel does not take.
  assert.equal(dropsOf('accept', rule('FORWARD', { jump: { target: 'FORWARD' } })), 0);
});
