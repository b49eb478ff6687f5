import { createConnection } from 'node:net';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { guestNetwork } from './addresses.ts';

/** A port of the host that leads to one of the guest. */
export interface Forward {
  protocol: 'tcp' | 'udp';
  hostAddress: string;
  hostPort: number;
  guestPort: number;
}

const answerDeadlineMs = 5_000;
const maxAnswer = 1024 * 1024;

/**
 * Makes a forward.
 * @param apiSocket of the VM's slirp4netns
 * @returns its number, by which it is removed
 * @throws InUse if somebody has the host's port, GuestUnreachable if the network is gone, Timeout
 */
export async function addForward(apiSocket: string, forward: Forward): Promise<number> {
  const answer = await ask(apiSocket, 'add_hostfwd', {
    proto: forward.protocol,
    host_addr: forward.hostAddress,
    host_port: forward.hostPort,
    guest_addr: guestNetwork.address,
    guest_port: forward.guestPort,
  });
  if ('id' in answer && typeof answer.id === 'number') return answer.id;
  throw garbled();
}

/** Removes a forward; connections that were made through it go on. @throws as addForward */
export async function removeForward(apiSocket: string, id: number): Promise<void> {
  await ask(apiSocket, 'remove_hostfwd', { id });
}

/** The forwards that slirp4netns has now, by their numbers. @throws as addForward */
export async function listForwards(apiSocket: string): Promise<Map<number, Forward>> {
  const answer = await ask(apiSocket, 'list_hostfwd', {});
  if (!('entries' in answer) || !Array.isArray(answer.entries)) throw garbled();
  return new Map(answer.entries.map(readEntry));
}

function readEntry(entry: unknown): [number, Forward] {
  if (typeof entry !== 'object' || entry === null) throw garbled();
  const { id, proto, host_addr, host_port, guest_port } = entry as Record<string, unknown>;
  if (typeof id !== 'number' || (proto !== 'tcp' && proto !== 'udp')) throw garbled();
  if (typeof host_addr !== 'string' || typeof host_port !== 'number' || typeof guest_port !== 'number') {
    throw garbled();
  }
  return [id, { protocol: proto, hostAddress: host_addr, hostPort: host_port, guestPort: guest_port }];
}

/** One question on a connection of its own, as slirp4netns(1), "API socket", has it. */
async function ask(apiSocket: string, command: string, args: Record<string, unknown>): Promise<object> {
  const text = await exchange(apiSocket, JSON.stringify({ execute: command, arguments: args }));
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw garbled();
  }
  if (typeof answer !== 'object' || answer === null) throw garbled();
  if ('error' in answer) throw refused(command, args, answer.error);
  // The list comes bare, all else inside of `return`.
  return 'return' in answer && typeof answer.return === 'object' ? (answer.return ?? {}) : answer;
}

function exchange(path: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = createConnection(path, () => socket.end(question));
    const deadline = setTimeout(
      () => socket.destroy(new BangerError('Timeout', "the VM's network did not answer within 5 s")),
      answerDeadlineMs,
    );
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxAnswer) socket.destroy(garbled());
      else chunks.push(chunk);
    });
    socket.on('error', (error) => reject(error instanceof BangerError ? error : unreachable(error)));
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

function refused(command: string, args: Record<string, unknown>, error: unknown): BangerError {
  const described =
    typeof error === 'object' && error !== null && 'desc' in error ? String(error.desc) : 'no reason given';
  if (command === 'add_hostfwd') {
    return new BangerError(
      'InUse',
      `${args.host_addr}:${args.host_port} cannot be forwarded: ${described.slice(0, 200)}`,
    );
  }
  return new BangerError('CommandFailed', `slirp4netns refused ${command}: ${described.slice(0, 200)}`);
}

function unreachable(error: Error): BangerError {
  return new BangerError(
    'GuestUnreachable',
    `the VM's network is gone (${getSystemCode(error) ?? error.message})`,
    { remedy: 'stop and start the VM', cause: error },
  );
}

function garbled(): BangerError {
  return new BangerError('Internal', 'slirp4netns sent an answer that it should not');
}
