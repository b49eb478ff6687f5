import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Running, until } from '../../support/program.ts';
import type { ClientAnswer, ClientCommand } from '../programs/netd-client.ts';
import { node, sharedCheckout } from './checkout.ts';
import type { UserName } from './commands.ts';
import { aptInstall } from './deb.ts';
import { openHost, type TestHost } from './host.ts';
import { write } from './service.ts';

const programs = join(import.meta.dirname, '../programs');

/** Who has gone is swept away after so long. */
export const graceMs = 2_000;
export const unit = 'banger-netd.service';

/** A host with the package installed, where `who` may have networks. */
export async function openNetdHost(deb: string, ...who: UserName[]): Promise<TestHost> {
  const host = await openHost({ shared: sharedCheckout() });
  try {
    await aptInstall(host, deb);
    write(
      host,
      `/etc/systemd/system/${unit}.d/test.conf`,
      `[Service]\nEnvironment=BANGER_NETD_GRACE_MS=${graceMs}\n`,
    );
    await host.rootSays('systemctl', 'daemon-reload');
    for (const name of who) await host.rootSays('usermod', '-aG', 'banger', name);
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** As long as a test file may take: a client lives as long as that. */
const timeoutMs = 840_000;

/** A user's connection to netd. */
export class NetdClient {
  readonly #program: Running;
  #heard = 0;

  constructor(host: TestHost, name: UserName) {
    this.#program = host.startAsUser(name, [node, join(programs, 'netd-client.ts')], { timeoutMs });
  }

  /** Has a command carried out, and gives its answer. */
  async answer(command: ClientCommand, answerMs = 60_000): Promise<ClientAnswer> {
    this.#program.child.stdin?.write(`${JSON.stringify(command)}\n`);
    const lines = () => this.#program.stdout().split('\n').slice(0, -1);
    await until(`an answer to ${JSON.stringify(command)}`, () => lines().length > this.#heard, answerMs);
    return JSON.parse(lines()[this.#heard++] ?? '');
  }

  /** The result of a call, which must be granted. */
  async call(member: string, signature: string, ...body: unknown[]): Promise<unknown> {
    const answer = await this.answer({ call: member, signature, body });
    assert.ok('result' in answer, `${member} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
    return answer.result;
  }

  /** What a call is refused with: the last part of the error's name, and the message. */
  async refused(member: string, signature: string, ...body: unknown[]): Promise<[string, string]> {
    const answer = await this.answer({ call: member, signature, body });
    assert.ok('error' in answer, `${member} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
    return [answer.error.split('.').at(-1) ?? '', answer.message];
  }

  /** Leaves the bus. */
  async end(): Promise<void> {
    this.#program.child.stdin?.end();
    await this.#program.ended;
  }
}

/** A guest made of frames on a user's tap. */
export class TapGuest {
  static #sent = 0;
  readonly program: Running;

  private constructor(program: Running) {
    this.program = program;
  }

  static async open(
    host: TestHost,
    name: UserName,
    tap: string,
    mac: string,
    address: string,
  ): Promise<TapGuest> {
    const guest = new TapGuest(
      host.startAsUser(name, ['python3', join(programs, 'tap-guest.py'), tap, mac, address], {
        timeoutMs: 280_000,
      }),
    );
    await guest.program.says('open\n', 10_000);
    return guest;
  }

  /** Sends a datagram with a text that no other has, and gives that. */
  send(order: { to: string; port: number; at: string; from?: string; mac?: string }): string {
    const text = `frame ${TapGuest.#sent++}.`;
    this.program.child.stdin?.write(`${JSON.stringify({ ...order, text })}\n`);
    return text;
  }

  async end(): Promise<void> {
    this.program.child.stdin?.end();
    await this.program.ended;
  }
}

/** The interfaces of netd's that there are, by name. */
export async function ownLinks(host: TestHost): Promise<string[]> {
  const links: { ifname: string }[] = JSON.parse(await host.rootSays('ip', '-json', 'link', 'show'));
  return links
    .map(({ ifname }) => ifname)
    .filter((name) => /^(bngr|bgt|bdns|bdnp)\d/.test(name))
    .sort();
}

/** All that netd can leave on a host; empty if there is nothing. */
export async function leftovers(host: TestHost): Promise<string[]> {
  const tables = await host.rootSays('nft', 'list', 'tables');
  const forwarding = await host.rootSays(
    'sh',
    '-c',
    'grep -l 1 /proc/sys/net/ipv4/conf/*/forwarding || true',
  );
  const resolved = await host.rootSays('resolvectl', '--no-pager', 'domain');
  return [
    ...(await ownLinks(host)),
    ...tables.split('\n').filter((line) => line.includes('banger')),
    ...forwarding.split('\n').filter(Boolean),
    ...resolved.split('\n').filter((line) => /\bvm\b/.test(line)),
  ];
}

/** The pid of netd; 0 if it does not run. */
export function netdPid(host: TestHost): Promise<string> {
  return host.rootSays('systemctl', 'show', '--value', '--property=MainPID', unit);
}
