import { stat, truncate } from 'node:fs/promises';
import { BangerError } from '../../common/errors.ts';
import { checkSpec } from '../check-spec.ts';
import type { Driver, Machine, MachineProgram, MachineSpec, RunningProgram } from '../machine.ts';
import { checkedSocket } from '../sockets.ts';
import { findStartFailure, untilAnswered, VmmGone } from '../starting.ts';
import { type ApiRequest, ask } from './api.ts';
import { bootRequests, rescanRequest } from './requests.ts';
import { apiSocket, vsockSocket } from './sockets.ts';
import { connectVsock } from './vsock.ts';

/** What the host has for Firecracker to use. */
export interface FirecrackerHost {
  /** The absolute path of firecracker. */
  binary: string;
  /** The absolute path of our program vmm-output. */
  vmmOutput: string;
}

/** It opens files and makes devices; the start of the instance also reads the kernel and the initrd. */
const requestDeadlineMs = 15_000;
/** It waits for what the guest is just writing to the drive. */
const resizeDeadlineMs = 30_000;
/** Where the guest's agent listens; guest/agent/vsock.c. */
const agentPort = 1024;

/** Machines of Firecracker. */
export class FirecrackerDriver implements Driver {
  readonly name = 'firecracker';
  readonly #host: FirecrackerHost;

  constructor(host: FirecrackerHost) {
    this.#host = host;
  }

  async program(spec: MachineSpec): Promise<MachineProgram> {
    checkSpec(spec);
    // What cannot be asked of it is told before it is started.
    bootRequests(spec);
    const { binary, vmmOutput } = this.#host;
    const socket = checkedSocket(apiSocket(spec.runtimeDirectory));
    // The serial console is its standard output, so its log goes elsewhere; vmm-output says where.
    const log = ['--log-path', '/proc/self/fd/2', '--level', 'Warning'];
    return {
      file: vmmOutput,
      args: [spec.consoleFile, binary, '--api-sock', socket, '--id', spec.id, ...log],
      files: [vmmOutput, binary],
    };
  }

  async boot(spec: MachineSpec, running: RunningProgram, signal: AbortSignal): Promise<void> {
    const socket = apiSocket(spec.runtimeDirectory);
    const state = await untilAnswered('Firecracker', running, signal, (leftMs) =>
      stateOf(socket, Math.min(leftMs, requestDeadlineMs), signal),
    );
    if (state !== 'Not started') throw unexpected(state);
    try {
      for (const request of bootRequests(spec)) await act(socket, request, requestDeadlineMs, signal);
      const reached = await stateOf(socket, requestDeadlineMs, signal);
      if (reached !== 'Running') throw unexpected(reached);
    } catch (error) {
      throw await findStartFailure('Firecracker', running, error);
    }
  }

  static machine(runtimeDirectory: string): Machine {
    const socket = apiSocket(runtimeDirectory);
    return {
      // Each connection is a channel of its own.
      connectAgent: (_channel, signal) => connectVsock(vsockSocket(runtimeDirectory), agentPort, signal),
      resizeDrive: (index, path, bytes) => resizeDrive(socket, index, path, bytes),
      askToEnd: async () => {
        const action = { action_type: 'SendCtrlAltDel' };
        await act(socket, { method: 'PUT', path: '/actions', body: action }, requestDeadlineMs);
        return true;
      },
    };
  }
}

/** What a Firecracker says of its machine; nothing if it does not listen (yet). */
async function stateOf(socket: string, timeoutMs: number, signal?: AbortSignal): Promise<string | undefined> {
  const info = await ask(socket, { method: 'GET', path: '/' }, timeoutMs, signal);
  return info && String(info.state);
}

async function act(
  socket: string,
  request: ApiRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await ask(socket, request, timeoutMs, signal);
  if (!answer) throw new VmmGone('Firecracker does not listen; it has ended');
}

/** Firecracker reads the size of the file anew when it is told the file again. */
async function resizeDrive(socket: string, index: number, path: string, bytes: number): Promise<void> {
  if ((await stat(path)).size < bytes) await truncate(path, bytes);
  await act(socket, rescanRequest(index, path), resizeDeadlineMs);
}

function unexpected(state: string | undefined): BangerError {
  return new BangerError(
    'GuestFailed',
    `Firecracker's machine is ${JSON.stringify(state)}, as it should not be`,
  );
}
