import { join } from 'node:path';

/** The files of one VM. Everything below `directory` lasts, everything below `runtime` is gone after a stop. */
export interface VmFiles {
  directory: string;
  systemDisk: string;
  workDisk: string;
  /** The machine id and the host key, made once. */
  identity: string;
  seed: string;
  /** The directory in the guest that a prepare fills now, or was filling when its daemon was killed. */
  cutShort: string;
  knownHosts: string;
  console: string;
  vmmLog: string;
  runtime: string;
  /** banger's directories that hold the two. */
  base: VmBase;
}

/** The directories that hold one directory per VM, in `vms`. */
export interface VmBase {
  state: string;
  runtime: string;
}

export function getVmFiles(id: string, base: VmBase): VmFiles {
  const directory = join(base.state, 'vms', id);
  return {
    directory,
    systemDisk: join(directory, 'system.ext4'),
    workDisk: join(directory, 'work.ext4'),
    identity: join(directory, 'identity.json'),
    seed: join(directory, 'seed.tar'),
    cutShort: join(directory, 'workspace-in-the-making'),
    knownHosts: join(directory, 'known_hosts'),
    console: join(directory, 'console.log'),
    vmmLog: join(directory, 'vmm.log'),
    runtime: join(base.runtime, 'vms', id),
    base,
  };
}
