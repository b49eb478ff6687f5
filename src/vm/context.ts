import type { Log } from '../common/log.ts';
import type { Program } from '../common/program.ts';
import type { FileSync } from '../config/config.ts';
import type { AgentBudgets } from '../guest/agent-budget.ts';
import type { GuestShells } from '../guest/shell.ts';
import type { ImageLibrary } from '../image/library.ts';
import type { KernelLibrary } from '../kernel/library.ts';
import type { BridgeNetwork, Reach } from '../network/attachment.ts';
import type { UserKey } from '../ssh/user-key.ts';
import type { Vm, VmUpdate } from '../store/vm.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { Vmms } from '../vmm/vmms.ts';
import type { BootSlots } from './boot-slots.ts';
import type { VmRegistry } from './registry.ts';
import type { VmFiles } from './vm.ts';

/** A program of banger's own, and the files it is made of. */
export interface HelperProgram extends Program {
  files: readonly string[];
}

/** What the lifecycle of VMs needs of the host. */
export interface Host {
  log: Log;
  vms: VmRegistry;
  images: ImageLibrary;
  kernels: KernelLibrary;
  supervisor: Supervisor;
  vmms: Pick<Vmms, keyof Vmms>;
  /** Bridged mode, where banger-netd is installed. */
  bridge: BridgeNetwork | undefined;
  /** What guests that start are let reach. */
  reach: () => Promise<Reach>;
  bootSlots: BootSlots;
  userKey: () => Promise<UserKey>;
  /** The name servers that guests are given; nothing for the network's own. */
  nameServers: () => Promise<readonly string[] | undefined>;
  shells: Pick<GuestShells, keyof GuestShells>;
  /** What the agents of guests may cost. */
  agents: AgentBudgets;
  /** What every guest gets of the user's files; read anew at each start. */
  fileSync: () => Promise<readonly FileSync[]>;
  /** What `make build` made, for guests and for this host. */
  guestDirectory: string;
  hostDirectory: string;
  /** Ends a guest gently without the daemon; it is given the VM's runtime directory. */
  powerDown: HelperProgram;
  stateDirectory: string;
  cacheDirectory: string;
  /** For temporary files with room for large ones; emptied by every daemon that starts. */
  scratchDirectory: string;
  runtimeDirectory: string;
}

/** What the steps of an operation work on. One that needs only parts of the host names them. */
export interface VmContext<Part extends keyof Host = keyof Host> {
  readonly host: Pick<Host, Part>;
  readonly id: string;
  readonly files: VmFiles;
}

/** The VM as recorded at this moment. @throws NoSuchVM */
export function getVm(context: VmContext<'vms'>): Vm {
  return context.host.vms.get(context.id);
}

/** Records a change of the VM and tells those who watch. */
export function record(context: VmContext<'vms'>, change: VmUpdate): void {
  context.host.vms.record(context.id, change);
}
