import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getMessage } from '../common/errors.ts';
import type { Log } from '../common/log.ts';
import { readKnownHosts, sshNames, writeSshNames } from '../ssh/names.ts';
import { hostOptions } from '../ssh/options.ts';
import type { UserKey } from '../ssh/user-key.ts';
import { connectionTo, isReachable, type ReachableVm } from './connection.ts';
import type { VmRegistry } from './registry.ts';
import type { VmFiles } from './vm.ts';

/** A start changes a VM several times within a moment; the address is known seconds before ssh is. */
const settleMs = 50;

const header = `# How ssh reaches banger's VMs by name. Written by bangerd whenever one changes; changes made here are lost.
# \`banger ssh-config --install\` has ~/.ssh/config include it.
`;

/**
 * Keeps the file that the user's own ssh includes, and beside it those of the configuration of ssh for all users
 * (packaging/ssh/banger.conf). They are written anew when a VM is added, changes or goes. A
 * change of the user's key counts from then on too: a guest is given the key when it starts, which is such a
 * change.
 */
export class SshConfigFile {
  readonly #path: string;
  readonly #vms: VmRegistry;
  readonly #userKey: () => Promise<UserKey>;
  readonly #log: Log;
  #written: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, vms: VmRegistry, userKey: () => Promise<UserKey>, log: Log) {
    this.#path = path;
    this.#vms = vms;
    this.#userKey = userKey;
    this.#log = log;
  }

  /** Writes the file and follows the VMs from now on. Nothing is thrown; failures are logged. */
  async follow(): Promise<void> {
    const changed = () => {
      this.#timer ??= setTimeout(() => void this.write(), settleMs);
    };
    this.#vms.on('added', changed).on('changed', changed).on('removed', changed);
    await this.write();
  }

  /** Brings the file up to date, as before the daemon ends. Nothing is thrown; failures are logged. */
  async write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeNow());
    await this.#writing;
  }

  async #writeNow(): Promise<void> {
    try {
      const vms = this.#vms.list().filter(isReachable);
      const { privateKeyFile } = vms.length > 0 ? await this.#userKey() : { privateKeyFile: '' };
      const filesOf = (id: string) => this.#vms.getVmFiles(id);
      const text = formatSshConfig(vms, filesOf, privateKeyFile);
      const names = await sshNames(vms, (id) => readKnownHosts(filesOf(id).knownHosts));
      const written = text + names.hosts + names.knownHosts;
      if (written === this.#written) return;
      await writeSshNames(join(dirname(this.#path), 'ssh'), names, privateKeyFile);
      const temporary = `${this.#path}.new`;
      await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, this.#path);
      this.#written = written;
    } catch (error) {
      this.#log.warn({ file: this.#path }, `${this.#path} is not up to date: ${getMessage(error)}`);
    }
  }
}

/** The configuration of ssh for VMs that have an address: one block for each, under its name and its id. */
export function formatSshConfig(
  vms: readonly ReachableVm[],
  filesOf: (id: string) => VmFiles,
  identityFile: string,
): string {
  const names = new Set(vms.map(({ name }) => name));
  const blocks = vms.map((vm) => {
    const connection = connectionTo(vm, filesOf(vm.id), identityFile);
    // A name means the VM that has it, even if it is another one's id.
    const hosts = [vm.name, vm.id].filter((host, index) => index === 0 || !names.has(host));
    const lines = hostOptions(connection)
      .map(([name, value]) => `  ${name} ${value}\n`)
      .join('');
    return `\nHost ${hosts.map((host) => `${host}.vm`).join(' ')}\n${lines}`;
  });
  return header + blocks.join('');
}
