import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkout, openGuestHome } from '../../support/guest-home.ts';
import { type Ended, type ProgramOptions, runProgram } from '../../support/program.ts';
import { sharedCheckout } from './checkout.ts';
import { homeOf, type UserName } from './commands.ts';
import { openHost, type TestHost } from './host.ts';

/** Booting a guest in a host on a busy machine takes a while. */
const bangerTimeoutMs = 240_000;

/** What `vm show` tells of a VM, as far as tests ask. */
export interface ShownVm {
  id: string;
  state: string;
  unit: string;
  last_error: string;
}

/** A user of a test host who has the banger of this checkout, with an image and a kernel. */
export class GuestUser {
  readonly host: TestHost;
  readonly name: UserName;
  readonly state: string;

  constructor(host: TestHost, name: UserName) {
    this.host = host;
    this.name = name;
    this.state = join(homeOf(name), '.local/state/banger');
  }

  /** Runs the CLI to its end, whatever its status. */
  run(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    const program = [join(checkout, 'bin/banger'), ...args];
    return this.host.asUser(this.name, program, { timeoutMs: bangerTimeoutMs, ...options });
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

/** Boots a test host in which a user is logged in and can start VMs. */
export async function openGuestHost(name: UserName): Promise<GuestUser> {
  const made = await openGuestHome();
  await made.close();
  const host = await openHost({ shared: sharedCheckout() });
  try {
    const user = new GuestUser(host, name);
    await giveArtifacts(user, made.paths.state);
    await host.login(name);
    return user;
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** Copies the image, the kernel and what is recorded of them, which take minutes to make. */
async function giveArtifacts({ host, name, state }: GuestUser, from: string): Promise<void> {
  const target = host.path(state);
  const owner = `${name}:${name}`;
  await host.userSays(name, 'install', '-d', '-m', '700', state);
  for (const part of ['images', 'kernels', 'banger.db']) {
    const copied = await runProgram('cp', ['-a', '--sparse=always', join(from, part), target]);
    assert.equal(copied.status, 0, copied.stderr);
  }
  await host.rootSays('chown', '--recursive', owner, state);
}
