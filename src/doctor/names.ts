import type { ResolverState } from '../network/dns/resolver.ts';
import { usualPort } from '../network/dns/server.ts';
import { type Finding, pass, warn } from './check.ts';
import { remedyCommand } from './remedy.ts';

/** How the programs of this host come to the names of VMs. */
export interface NameFacts {
  /** Where they are served, such as `127.0.0.1:42069`; empty where they are not. */
  address: string;
  /** The label of this user; nothing if its name can be none. */
  user: string | undefined;
  /** Whether netd has routed them. */
  state: ResolverState;
  /** Whether programs find `NAME.vm`, and `NAME.USER.vm`. */
  isFound: { everyones: boolean; own: boolean };
}

const recipes = 'docs/dns-routing.md has recipes for other resolvers';

/** Checks whether names of VMs are served, and whether programs find them. */
export function checkNames(facts: NameFacts): Finding[] {
  if (facts.address === '') {
    const detail = 'names of VMs are not served, because no port for it was free when the daemon started';
    return [warn('dns', detail, 'banger daemon stop')];
  }
  return [pass('dns', servedAt(facts.address)), checkFinding(facts)];
}

function servedAt(address: string): string {
  const port = Number(address.split(':')[1]);
  const where = `names of VMs are served at ${address}`;
  return port === usualPort ? where : `${where}; another program has port ${usualPort}, which recipes name`;
}

function checkFinding({ user, state, isFound }: NameFacts): Finding {
  const own = user === undefined ? undefined : `NAME.${user}.vm`;
  if (isFound.everyones) return pass('names', `programs find NAME.vm${isFound.own ? ` and ${own}` : ''}`);
  if (isFound.own) {
    const detail = `NAME.vm leads to the VMs of another user, who was first; yours are ${own}`;
    return warn('names', detail, `use ${own}, such as \`ssh ${own}\``);
  }
  const notFound = 'programs do not find NAME.vm';
  if (state.kind === 'failed') {
    return warn('names', `${notFound}: ${state.problem}`, remedyCommand(state.remedy) || recipes);
  }
  if (state.kind !== 'routed') {
    return warn(
      'names',
      `${notFound}: banger-netd is not here to tell the resolver, and no recipe is set up`,
      recipes,
    );
  }
  const detail = `${notFound}, though systemd-resolved was configured: they use another resolver`;
  return warn('names', detail, 'ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf');
}
