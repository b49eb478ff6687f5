import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Ended, ProgramOptions, Running } from '../../support/program.ts';
import { homeOf, type UserName } from './commands.ts';
import { type HostOptions, openHost, type TestHost } from './host.ts';
import type { GuestKind } from './images.ts';

/** Booting a guest in a host on a busy machine takes a while. */
const bangerTimeoutMs = 240_000;

/** What `vm show` tells of a VM, as far as tests ask. */
export interface ShownVm {
  id: string;
  state: string;
  unit: string;
  network: string;
  address: string;
  last_error: string;
}

/** A user of a test host who has installed the banger of this checkout, with an image and a kernel. */
export class GuestUser {
  readonly host: TestHost;
  readonly name: UserName;
  readonly state: string;

  constructor(host: TestHost, name: UserName) {
    this.host = host;
    this.name = name;
    this.state = join(homeOf(name), '.local/state/banger');
  }

  /** Starts the CLI. */
  start(args: readonly string[], options: ProgramOptions = {}): Running {
    return this.host.startAsUser(this.name, ['banger', ...args], { timeoutMs: bangerTimeoutMs, ...options });
  }

  /** Runs the CLI to its end, whatever its status. */
  run(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    return this.start(args, { input: '', ...options }).ended;
  }

  /** Runs the CLI, which must succeed, and gives what it printed. */
  async banger(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(args);
    assert.equal(status, 0, `banger ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.toString('utf8');
  }

  /** Runs a program of the host as this user, which must succeed, and gives what it printed. */
  says(...argv: string[]): Promise<string> {
    return this.host.userSays(this.name, ...argv);
  }

  async show(name: string): Promise<ShownVm> {
    return JSON.parse(await this.banger('vm', 'show', name, '--json'));
  }

  /** The Node of the installation. */
  async node(): Promise<string> {
    return join(await this.says('sh', '-c', 'realpath "$(command -v banger)"'), '../../node');
  }

  /** The pid of the daemon. */
  async daemon(): Promise<number> {
    return JSON.parse(await this.banger('daemon', 'status', '--json')).pid;
  }

  /** Shows that the disks of a stopped VM are whole, and that their file systems were unmounted. */
  async assertCleanDisks(id: string): Promise<void> {
    for (const disk of ['system', 'work']) {
      const file = join(this.state, 'vms', id, `${disk}.ext4`);
      const { status, stdout, stderr } = await this.host.asRoot(['e2fsck', '-fn', file]);
      const said = `${stdout}${stderr}`;
      assert.equal(status, 0, said);
      assert.doesNotMatch(said, /recover/, `${disk} was not unmounted`);
    }
  }
}

/** Boots a test host in which a user is logged in, has installed banger and can start VMs. */
export async function openGuestHost(
  name: UserName,
  options: HostOptions = {},
  guests?: GuestKind,
): Promise<GuestUser> {
  const host = await openHost(options);
  try {
    await host.login(name);
    await host.installFor(name);
    await host.prepareImages(name, guests);
    return new GuestUser(host, name);
  } catch (error) {
    await host.close();
    throw error;
  }
}
