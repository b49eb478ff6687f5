import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { type Lock, lockFile } from '../../src/common/lock.ts';
import { userPaths } from '../../src/common/paths.ts';
import { assertNothingLeft, endLeftovers, type KnownVm } from './guest-leftovers.ts';
import { type Ended, type ProgramOptions, Running, runProgram } from './program.ts';
import { testVmm, vmmSettings } from './test-vmm.ts';

export const checkout = join(import.meta.dirname, '../..');
const bangerProgram = join(checkout, 'bin/banger');
/** Making the image and the kernel takes minutes on a busy machine. */
const pullTimeoutMs = 540_000;
const lockTimeoutMs = 600_000;
/** The daemon may be stopped meanwhile, or has to start on a busy machine. */
const askTimeoutMs = 180_000;
/** What the image and the kernel are made of: when it changes they are made again. */
const ingredients = ['guest/images/**', 'src/image/**', 'src/kernel/**', 'package-lock.json'];

/**
 * The home that all guest tests of a checkout share. It lies in build/test, its sockets below /tmp. One test file uses
 * it at a time, and leaves no VM in it.
 */
export class GuestHome {
  /** The home and the runtime directory: what runs for these tests names one of them. */
  readonly directories: readonly [home: string, runtime: string];
  readonly paths: ReturnType<typeof userPaths>;
  /** The environment for programs: without any bus, as on a server. */
  env: NodeJS.ProcessEnv;
  /** What the CLI is started by, such as nsenter with its arguments. */
  prefix: readonly string[] = [];
  readonly #settings: string;
  readonly #known = new Map<string, KnownVm>();

  /**
   * @param folder of the home, below build/test/guest
   * @param settings that its configuration begins with, in TOML
   */
  constructor(folder: string, settings = '') {
    this.#settings = settings;
    const home = join(checkout, 'build/test/guest', folder);
    const name = createHash('sha256').update(home).digest('hex').slice(0, 8);
    this.directories = [home, `/tmp/banger-test-${name}`];
    for (const path of this.directories) mkdirSync(path, { recursive: true, mode: 0o700 });
    const [HOME, XDG_RUNTIME_DIR] = this.directories;
    const foreign = /^(XDG_(CONFIG|STATE|CACHE)_HOME|DBUS_.*|BANGER_.*|NODE_TEST_CONTEXT|NODE_OPTIONS)$/;
    const own = Object.entries(process.env).filter(([variable]) => !foreign.test(variable));
    this.env = { ...Object.fromEntries(own), HOME, XDG_RUNTIME_DIR, LC_ALL: 'C.UTF-8' };
    this.paths = userPaths(this.env);
  }

  /** Where the configuration of the user is. */
  get configFile(): string {
    return join(this.paths.config, 'config.toml');
  }

  /** Makes this the configuration of the user, with the VMM and the image of these tests. */
  configure(text = ''): void {
    mkdirSync(this.paths.config, { recursive: true, mode: 0o700 });
    const whole = this.#settings + text;
    if (whole === '') rmSync(this.configFile, { force: true });
    else writeFileSync(this.configFile, whole);
  }

  /** Starts the CLI as a user does. */
  start(args: readonly string[], options: ProgramOptions = {}): Running {
    const [file = bangerProgram, ...rest] = [...this.prefix, bangerProgram, ...args];
    return new Running(file, rest, { env: this.env, cwd: this.directories[0], ...options });
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

  /** Runs what tests ask again and again: in this process, as starting one takes longer than the answer. */
  async #ask(...args: string[]): Promise<Ended> {
    if (this.prefix.length > 0) return await this.run(args);
    const { runCli } = await import('./in-process/cli.ts');
    return await runCli(args, { env: this.env, timeoutMs: askTimeoutMs });
  }

  /** Runs the CLI, which must succeed, and gives the JSON that it printed. */
  async read(...args: string[]) {
    const { status, stdout, stderr } = await this.#ask(...args, '--json');
    assert.equal(status, 0, `banger ${args.join(' ')}: ${stdout}${stderr}`);
    return JSON.parse(stdout.toString('utf8'));
  }

  /** Runs a command in a guest, which must succeed, and gives what it printed. */
  async guest(vm: string, ...argv: string[]): Promise<string> {
    return await this.banger('vm', 'exec', vm, '--', ...argv);
  }

  /** Runs a shell script in a guest, which must succeed, and gives what it printed without its last line end. */
  async script(vm: string, text: string): Promise<string> {
    return (await this.guest(vm, 'sh', '-euc', text)).replace(/\n$/, '');
  }

  /**
   * Shows that a guest comes up whole. ssh lets users in before systemd listens, so that they need not wait;
   * until then systemctl has nobody to ask.
   */
  async systemIsRunning(vm: string): Promise<void> {
    assert.equal(await this.script(vm, 'systemctl is-system-running --wait'), 'running');
  }

  /** Makes a VM; what it leaves behind is looked for at the end. */
  async create(name: string, ...options: string[]): Promise<Ended> {
    const ended = await this.run(['vm', 'create', '--name', name, ...options]);
    assert.equal(ended.status, 0, ended.stderr);
    assert.equal(ended.stdout.toString(), `${name}\n`);
    await this.show(name);
    return ended;
  }

  /** The output of `vm show` for a VM. */
  async show(
    name: string,
  ): Promise<Record<string, unknown> & { id: string; state: string; address: string }> {
    const shown = await this.read('vm', 'show', name);
    this.#known.set(shown.id, shown);
    return shown;
  }

  async list(): Promise<{ name: string; id: string; state: string; address: string }[]> {
    const listed = await this.read('vm', 'list');
    for (const vm of listed) this.#known.set(vm.id, vm);
    return listed;
  }

  async names(): Promise<string[]> {
    return (await this.list()).map(({ name }) => name).sort();
  }

  /** The output of `daemon status`; starts no daemon. */
  async daemon(): Promise<{ running: boolean; pid: number; bus_address: string }> {
    // Its status is 1 where none runs.
    const { stdout } = await this.#ask('daemon', 'status', '--json');
    return JSON.parse(stdout.toString('utf8'));
  }

  /** Where a VM's files are, also when it is gone. */
  files(id: string) {
    const state = join(this.paths.state, 'vms', id);
    return {
      state,
      runtime: join(this.paths.runtime, 'vms', id),
      systemDisk: join(state, 'system.ext4'),
      workDisk: join(state, 'work.ext4'),
    };
  }

  /** Reads the log of the daemons of this home; it is empty before the first. */
  log(): string {
    const path = join(this.paths.state, 'bangerd.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Deletes all VMs, ends the daemon and shows that nothing of them is left. */
  async close(): Promise<void> {
    for (const { name } of await this.list()) await this.banger('vm', 'delete', '--force', '--yes', name);
    assert.deepEqual(await this.names(), []);
    await this.banger('daemon', 'stop');
    await assertNothingLeft(this.directories, this.paths, [...this.#known.values()]);
    rmSync(this.directories[1], { recursive: true });
  }

  /** Ends what an earlier run, which was killed, left running. @param keep whether its state stays */
  async clear(keep: boolean): Promise<void> {
    await endLeftovers(this.directories);
    for (const directory of keep ? [this.directories[1]] : this.directories) {
      rmSync(directory, { recursive: true });
      mkdirSync(directory, { mode: 0o700 });
    }
  }

  /** Whether everything was made of these ingredients. */
  isMadeOf(digest: string): boolean {
    const marker = this.#marker();
    return existsSync(marker) && readFileSync(marker, 'utf8') === digest;
  }

  /** Has everything kept until it is to be made of something else. */
  madeOf(digest: string): void {
    writeFileSync(this.#marker(), digest);
  }

  /** Copies images or kernels into this home's state, which the next daemon adopts. */
  async take(from: TestImages, kinds: readonly ('images' | 'kernels')[]): Promise<void> {
    mkdirSync(this.paths.state, { recursive: true, mode: 0o700 });
    const sources = kinds.map((kind) => join(from.state, kind));
    const copied = await runProgram('cp', ['--archive', ...sources, this.paths.state]);
    assert.equal(copied.status, 0, copied.stderr);
  }

  /** Whether no VM has files; a VM that is known to the state alone cannot be there. */
  hasNoFiles(): boolean {
    const directory = join(this.paths.state, 'vms');
    return !existsSync(directory) || readdirSync(directory).length === 0;
  }

  /** Leaves neither a VM nor a daemon. */
  async empty(): Promise<void> {
    for (const { name } of await this.list()) await this.banger('vm', 'delete', '--force', '--yes', name);
    await this.banger('daemon', 'stop');
    this.#known.clear();
  }

  #marker(): string {
    return join(this.directories[0], 'made-of');
  }
}

/** A state directory with an image and a kernel, and the digest of what they are made of. */
export interface TestImages {
  state: string;
  digest: string;
}

/**
 * Opens a home, without any VM or daemon in it. It is this process's until that ends.
 * @param vmm what its VMs run in, if not what the guest tests are run for
 * @param name another than that of the home that tests share, for VMs in a network of their own: those of two homes would
 * take each other's addresses
 */
export async function openGuestHome(vmm = testVmm(), name = 'home'): Promise<GuestHome> {
  const images = await preparedImages();
  return await openHome(new GuestHome(name, vmmSettings(vmm)), images, `${name}-lock`);
}

/**
 * Opens a home with these images. One process has it at a time.
 * @param lockName which homes are used one at a time, because their VMs would take each other's addresses
 */
export async function openHome(
  home: GuestHome,
  images: TestImages,
  lockName = 'home-lock',
): Promise<GuestHome> {
  await lockGuests(lockName);
  const isCurrent = home.isMadeOf(images.digest);
  await home.clear(isCurrent);
  if (!isCurrent) {
    await home.take(images, ['images', 'kernels']);
    home.madeOf(images.digest);
  }
  home.configure();
  if (!home.hasNoFiles()) await home.empty();
  return home;
}

/**
 * Makes the image and the kernel unless they are there, as made of what the checkout has now. They lie in a home that
 * is for nothing else, so that several tests can take them from there.
 */
export async function preparedImages(): Promise<TestImages> {
  using _made = await lockGuests('images-lock');
  const built = await runProgram('make', ['-s', 'programs'], { cwd: checkout });
  assert.equal(built.status, 0, built.stderr);
  const home = new GuestHome('images');
  const digest = digestOf(ingredients);
  if (!home.isMadeOf(digest)) {
    // Never while others read what is there.
    await home.clear(false);
    const pulled = await home.run(['image', 'pull', 'debian-bookworm'], { timeoutMs: pullTimeoutMs });
    assert.equal(pulled.status, 0, pulled.stderr);
    await home.empty();
    home.madeOf(digest);
  }
  rmSync(home.directories[1], { recursive: true });
  return { state: home.paths.state, digest };
}

/** Waits for a lock of the guest tests of this checkout, which is held until disposal or the end of this process. */
export async function lockGuests(name: string): Promise<Lock> {
  mkdirSync(join(checkout, 'build/test/guest'), { recursive: true });
  const taken = await lockFile(join(checkout, 'build/test/guest', name), lockTimeoutMs);
  assert.ok(taken, 'another run of the guest tests of this checkout does not end');
  return taken;
}

/** Computes the digest of files of the checkout, with their names. */
export function digestOf(patterns: readonly string[]): string {
  const digest = createHash('sha256');
  for (const path of globSync([...patterns], { cwd: checkout }).sort()) {
    const file = join(checkout, path);
    if (statSync(file).isFile()) digest.update(`${relative(checkout, file)}\0`).update(readFileSync(file));
  }
  return digest.digest('hex');
}
