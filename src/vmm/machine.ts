import type { Duplex } from 'node:stream';
import type { Program } from '../common/program.ts';

/** A block device of the guest, in order: the first is /dev/vda. Files are raw. */
export interface Drive {
  path: string;
  readonly: boolean;
}

/** Where the machine's packets go. The drivers know a tap's name and nothing else of networks. */
export type NetworkInterface =
  | { kind: 'tap'; name: string; mac: string }
  /** QEMU's own user network, for hosts without namespaces; `forward` is the host's end of ssh. */
  | {
      kind: 'qemu-user';
      mac: string;
      guestAddress: string;
      /** Whether the guest reaches nothing but those who connect to it. */
      restricted: boolean;
      forward: { address: string; port: number; guestPort: number };
    };

/** Everything a VMM needs to boot one guest. */
export interface MachineSpec {
  id: string;
  vcpus: number;
  /** A multiple of 1 MiB. */
  memoryBytes: number;
  /** Paths of the ELF kernel and of the initrd. */
  vmlinux: string;
  initrd: string;
  /** banger's own words for the kernel command line, such as `banger.ip=…`; the driver adds its machine's. */
  commandLine: readonly string[];
  drives: readonly Drive[];
  network: NetworkInterface;
  /** A private directory for the machine's sockets; its path is short enough for them. */
  runtimeDirectory: string;
  /** The serial console's output is appended here. */
  consoleFile: string;
}

export type AgentChannel = 'control' | 'query';

/** The machine's program as its supervisor runs it. */
export interface RunningProgram {
  /** Settles when the program has ended. */
  ended: Promise<unknown>;
  /** What the program itself prints; its last line tells why it ended. */
  logFile: string;
}

/** A machine that runs. Handles are cheap and hold nothing open. */
export interface Machine {
  /** Connects to the guest agent. @throws GuestUnreachable */
  connectAgent(channel: AgentChannel, signal: AbortSignal): Promise<Duplex>;
  /**
   * Makes a drive and the file behind it larger; the guest hears of it a moment later.
   * @param index of the drive in the machine's spec
   * @param path of the file, as in the spec
   * @param bytes a multiple of 512
   * @throws CommandFailed with the machine's words if it refuses, HostNotReady if it has ended, Timeout
   */
  resizeDrive(index: number, path: string, bytes: number): Promise<void>;
  /**
   * Asks a guest to end whose agent cannot be asked.
   * @returns whether the machine has a way to ask
   * @throws CommandFailed, HostNotReady if it has ended, Timeout
   */
  askToEnd(): Promise<boolean>;
}

/** The program that is a machine. */
export interface MachineProgram extends Program {
  /** All files that it is made of. */
  files: readonly string[];
}

/** A kind of VMM. */
export interface Driver {
  readonly name: 'qemu' | 'firecracker';
  /**
   * The program that is the machine; started by a supervisor, inside the network's enclosure.
   * @throws InvalidArgs if the machine cannot be had like that
   */
  program(spec: MachineSpec): Promise<MachineProgram>;
  /**
   * Brings the machine from its program having started to its guest booting.
   * @throws HostNotReady with the program's last words if it ended, Timeout, Cancelled
   */
  boot(spec: MachineSpec, running: RunningProgram, signal: AbortSignal): Promise<void>;
}
