import { mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findUser } from '../common/user.ts';

/** A VM that has an address. */
export interface NamedVm {
  id: string;
  name: string;
  ssh: { address: string; port: number };
}

/** What ssh is told of VMs that have an address, in two files of lines. */
export interface SshNames {
  /** `NAME ADDRESS PORT`, for host/ssh-connect.c. */
  hosts: string;
  /** The keys of the guests by those names, as known_hosts has them. */
  knownHosts: string;
}

/**
 * The names of VMs for ssh: each is found as NAME.vm, NAME.USER.vm and ID.vm.
 * @param knownHostsOf the content of a VM's own known_hosts; nothing before its first start
 */
export async function sshNames(
  vms: readonly NamedVm[],
  knownHostsOf: (id: string) => Promise<string | undefined>,
  user = findUser().name,
): Promise<SshNames> {
  const names = new Set(vms.map(({ name }) => name));
  const lines = await Promise.all(
    vms.map(async ({ name, id, ssh }) => {
      const hosts = [`${name}.vm`, `${name}.${user}.vm`, ...(names.has(id) ? [] : [`${id}.vm`])];
      const [, ...key] = (await knownHostsOf(id))?.trim().split(' ') ?? [];
      return {
        hosts: hosts.map((host) => `${host} ${ssh.address} ${ssh.port}\n`).join(''),
        // ssh asks for a name in lower case.
        knownHosts: key.length === 0 ? '' : `${hosts.join(',').toLowerCase()} ${key.join(' ')}\n`,
      };
    }),
  );
  return {
    hosts: lines.map(({ hosts }) => hosts).join(''),
    knownHosts: lines.map(({ knownHosts }) => knownHosts).join(''),
  };
}

/** Reads a VM's own known_hosts. @returns nothing before its first start */
export async function readKnownHosts(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}

/**
 * Keeps the files that the configuration of ssh for all users names (packaging/ssh/banger.conf), which knows this
 * directory only by its place below the home.
 * @param directory made if absent; nobody else looks into it
 * @param identityFile the key that opens the guests, which is linked to
 */
export async function writeSshNames(directory: string, names: SshNames, identityFile: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await Promise.all([
    replace(join(directory, 'hosts'), names.hosts),
    replace(join(directory, 'known_hosts'), names.knownHosts),
    link(join(directory, 'identity'), identityFile),
  ]);
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function link(path: string, target: string): Promise<void> {
  const present = await readlink(path).catch(() => undefined);
  if (target === '' || present === target) return;
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
