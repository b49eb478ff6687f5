import { join } from 'node:path';
import { checkout } from '../../support/guest-home.ts';
import { Running } from '../../support/program.ts';
import type { TestHost } from './host.ts';

/** What there is to reach, each address with a canary on it: `testhost` has the first three. */
export const places = {
  /** The host's loopback, where its services listen. */
  loopback: '127.0.0.1',
  /** The host's own addresses: on its LAN and on the way to the outside. */
  lanOfHost: '192.168.77.1',
  uplinkOfHost: '198.51.100.1',
  /** Another machine of the LAN. */
  lan: '192.168.77.2',
  /** Where clouds keep credentials. */
  metadata: '169.254.169.254',
  /** Stands for the internet. It knows no way to a guest: only what is masqueraded is answered. */
  internet: '198.51.100.7',
} as const;
export type Place = keyof typeof places;

const ofHost: readonly Place[] = ['loopback', 'lanOfHost', 'uplinkOfHost'];
const ofLan: readonly Place[] = ['lan', 'metadata'];

/** Two networks beside the test host, which last until it goes down: a LAN, and a way to the outside. */
const script = `
  for name in outside lan; do ip netns add $name; ip -n $name link set lo up; done
  ip link add up0 type veth peer name up1 netns outside
  ip address add ${places.uplinkOfHost}/24 dev up0; ip link set up0 up
  ip -n outside address add ${places.internet}/24 dev up1; ip -n outside link set up1 up
  ip route add default via ${places.internet} dev up0
  ip link add lan0 type veth peer name lan1 netns lan
  ip address add ${places.lanOfHost}/24 dev lan0; ip link set lan0 up
  ip -n lan address add ${places.lan}/24 dev lan1; ip -n lan link set lan1 up
  ip -n lan address add ${places.metadata}/32 dev lo
  ip route add ${places.metadata} via ${places.lan} dev lan0`;

/** The world around a test host, with a canary at each place of it. */
export class Outside implements Disposable {
  readonly port = 4242;
  readonly #canaries: Running[];

  private constructor(canaries: Running[]) {
    this.#canaries = canaries;
  }

  /** Makes it for a host that has just booted. */
  static async of(host: TestHost): Promise<Outside> {
    await host.rootSays('sh', '-euc', script);
    const places: [namespace: string, names: readonly Place[]][] = [
      [host.path('/proc/1/ns/net'), ofHost],
      [host.path('/run/netns/lan'), ofLan],
      [host.path('/run/netns/outside'), ['internet']],
    ];
    const canaries = places.map(([namespace, names]) => startCanaries(namespace, names));
    await Promise.all(canaries.map((each) => each.says('ready ')));
    return new Outside(canaries);
  }

  /** The addresses of the canaries that somebody reached, in the order of the visits. */
  reached(): string[] {
    return this.#canaries.flatMap((each) =>
      [...each.stdout().matchAll(/^reached (\S+)$/gm)].map((match) => match[1] ?? ''),
    );
  }

  [Symbol.dispose](): void {
    for (const { child } of this.#canaries) child.kill('SIGKILL');
  }
}

function startCanaries(namespace: string, names: readonly Place[]): Running {
  const program = [process.execPath, join(checkout, 'test/support/canaries.ts')];
  const addresses = names.map((name) => places[name]);
  return new Running('nsenter', [`--net=${namespace}`, '--', ...program, ...addresses], {
    input: '',
    timeoutMs: 1_800_000,
  });
}
