import type { Duplex } from 'node:stream';
import { throwIfCancelled } from '../../common/abort.ts';
import { BangerError } from '../../common/errors.ts';
import { checkSpec } from '../check-spec.ts';
import type {
  AgentChannel,
  Driver,
  Machine,
  MachineProgram,
  MachineSpec,
  RunningProgram,
} from '../machine.ts';
import { connected } from '../sockets.ts';
import { untilAnswered } from '../starting.ts';
import { agentSocket, type QemuHost, qemuArguments, qemuDriveId, qmpSocket } from './arguments.ts';
import { Qmp } from './qmp.ts';

/** It waits for what the guest is just writing to the drive. */
const resizeDeadlineMs = 30_000;

/** Machines in QEMU's microvm. */
export class QemuDriver implements Driver {
  readonly name = 'qemu';
  readonly #host: QemuHost;
  readonly #vmmOutput: string;

  /** @param vmmOutput the absolute path of our program vmm-output */
  constructor(host: QemuHost, vmmOutput: string) {
    this.#host = host;
    this.#vmmOutput = vmmOutput;
  }

  async program(spec: MachineSpec): Promise<MachineProgram> {
    checkSpec(spec);
    const { binary } = this.#host;
    // A guest can have QEMU complain without end; vmm-output bounds its log. The console has a file of its own.
    const args = ['-', binary, ...qemuArguments(this.#host, spec)];
    return { file: this.#vmmOutput, args, files: [this.#vmmOutput, binary] };
  }

  async boot(spec: MachineSpec, running: RunningProgram, signal: AbortSignal): Promise<void> {
    const status = await untilAnswered('QEMU', running, signal, (leftMs) =>
      statusOf(spec.runtimeDirectory, leftMs, signal),
    );
    if (status !== 'running')
      throw new BangerError('GuestFailed', `the machine is ${status} instead of running`);
  }

  static machine(runtimeDirectory: string): Machine {
    return {
      connectAgent: (channel, signal) => connectAgent(runtimeDirectory, channel, signal),
      resizeDrive: (index, _path, bytes) => resizeDrive(runtimeDirectory, index, bytes),
      // A microvm has no keyboard.
      askToEnd: async () => false,
    };
  }
}

async function connectAgent(
  runtimeDirectory: string,
  channel: AgentChannel,
  signal: AbortSignal,
): Promise<Duplex> {
  throwIfCancelled(signal);
  // Connecting to a unix socket takes no time, so there is nothing to abort.
  const socket = await connected(agentSocket(runtimeDirectory, channel));
  if (!socket)
    throw new BangerError('GuestUnreachable', 'the machine has no agent port', {
      remedy: 'it has ended or not begun',
    });
  return socket;
}

async function resizeDrive(runtimeDirectory: string, index: number, bytes: number): Promise<void> {
  using qmp = await Qmp.connect(qmpSocket(runtimeDirectory), resizeDeadlineMs);
  if (!qmp) throw new BangerError('HostNotReady', 'QEMU has no monitor', { remedy: 'it has ended' });
  await qmp.execute('block_resize', { device: qemuDriveId(index), size: bytes });
}

/** What QEMU says of its machine, or nothing if its monitor is not there (yet). */
async function statusOf(
  runtimeDirectory: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  using qmp = await Qmp.connect(qmpSocket(runtimeDirectory), deadlineMs, signal);
  const answer = await qmp?.execute('query-status');
  if (typeof answer !== 'object' || answer === null || !('status' in answer)) return undefined;
  return String(answer.status);
}
