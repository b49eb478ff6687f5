import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError, throwIfCancelled } from '../../common/errors.ts';
import type { Program } from '../../common/program.ts';
import { tailOf } from '../../common/tail.ts';
import { checkSpec } from '../check-spec.ts';
import type { AgentChannel, Driver, Machine, MachineSpec, RunningProgram } from '../machine.ts';
import { agentSocket, driveId, type QemuHost, qemuArguments, qmpSocket } from './arguments.ts';
import { connected, Qmp } from './qmp.ts';

/** From the program's start to its monitor's answer; the network's enclosure is made in this time too. */
const bootDeadlineMs = 20_000;
const bootPollMs = 10;
const forceOffDeadlineMs = 5_000;
/** It waits for what the guest is just writing to the drive. */
const resizeDeadlineMs = 30_000;
/** How much of a program's log is looked at for its last line. */
const lastWordsBytes = 2_000;

/** Machines in QEMU's microvm. */
export class QemuDriver implements Driver {
  readonly name = 'qemu';
  readonly #host: QemuHost;

  constructor(host: QemuHost) {
    this.#host = host;
  }

  async program(spec: MachineSpec): Promise<Program> {
    checkSpec(spec);
    return { file: this.#host.binary, args: qemuArguments(this.#host, spec) };
  }

  async boot(spec: MachineSpec, running: RunningProgram, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + bootDeadlineMs;
    let hasEnded = false;
    running.ended.then(
      () => {
        hasEnded = true;
      },
      () => undefined,
    );
    for (;;) {
      throwIfCancelled(signal);
      const left = deadline - performance.now();
      if (left <= 0) throw new BangerError('Timeout', `QEMU did not start within ${bootDeadlineMs / 1000} s`);
      const status = await statusOf(spec.runtimeDirectory, left, signal).catch((error: unknown) => {
        // A monitor that goes away is QEMU ending; its log says why.
        if (error instanceof BangerError && error.code === 'HostNotReady') return undefined;
        throw error;
      });
      if (status === 'running') return;
      if (status !== undefined)
        throw new BangerError('GuestFailed', `the machine is ${status} instead of running`);
      if (hasEnded) throw await endedEarly(running.logFile);
      await sleep(bootPollMs);
    }
  }

  static machine(runtimeDirectory: string): Machine {
    return {
      connectAgent: (channel, signal) => connectAgent(runtimeDirectory, channel, signal),
      resizeDrive: (index, bytes) => resizeDrive(runtimeDirectory, index, bytes),
      forceOff: () => forceOff(runtimeDirectory),
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
    throw new BangerError('GuestUnreachable', 'the machine has no agent port; it has ended or not begun');
  return socket;
}

async function resizeDrive(runtimeDirectory: string, index: number, bytes: number): Promise<void> {
  using qmp = await Qmp.connect(qmpSocket(runtimeDirectory), resizeDeadlineMs);
  if (!qmp) throw new BangerError('HostNotReady', 'QEMU has no monitor; it has ended');
  await qmp.execute('block_resize', { device: driveId(index), size: bytes });
}

async function forceOff(runtimeDirectory: string): Promise<void> {
  using qmp = await Qmp.connect(qmpSocket(runtimeDirectory), forceOffDeadlineMs).catch(unlessGone);
  if (!qmp) return;
  await qmp.execute('quit').catch(unlessGone);
  await qmp.untilClosed();
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

function unlessGone(error: unknown): undefined {
  if (error instanceof BangerError && error.code === 'HostNotReady') return undefined;
  throw error;
}

async function endedEarly(logFile: string): Promise<BangerError> {
  const said = await lastLine(logFile);
  return new BangerError(
    'HostNotReady',
    `QEMU ended before its machine ran${said ? `: ${said}` : ' and said nothing'}`,
  );
}

/** The last line of a program's log, without characters that could do something to a terminal. */
async function lastLine(path: string): Promise<string> {
  const lines = (await tailOf(path, lastWordsBytes)).trim().split('\n');
  return (lines.at(-1) ?? '').replace(/\p{C}/gu, '?');
}
