import { connect, type Socket } from 'node:net';
import type { Client } from 'ssh2';
import { WorkBudget } from '../common/work-budget.ts';
import { readInTurns } from './slices.ts';

/** Four times what is kept of a command's output, on each of its streams. */
const unitsOfCommand = 32 * 1024 * 1024;
/** What comes back each second is for the acknowledgements of what is sent to the guest, however much that is. */
const limits = { capacity: unitsOfCommand, perSecond: 1024 * 1024 } as const;
/** A small packet of an acknowledgement is deciphered in less time than an answer of the agent is read. */
const sshChunkUnits = 128;
/** New keys are agreed upon by mathematics that takes as long as to decipher so many bytes. */
const handshakeUnits = 1024 * 1024;

const flooded = new WeakSet<Client>();

/** Checks whether a connection was ended because the guest sent more over it than any command may print. */
export function hasFlooded(client: Client): boolean {
  return flooded.has(client);
}

const budgets = new WeakMap<Client, WorkBudget>();

/** A command begins on a connection, and may print something. */
export function grantCommand(client: Client): void {
  budgets.get(client)?.grant(unitsOfCommand);
}

/**
 * The socket of a connection to a guest's sshd: others have their turn after each slice of what comes, and a guest that
 * sends without end is cut off.
 */
export function boundedSocket(client: Client, { host, port }: { host: string; port: number }): Socket {
  const budget = new WorkBudget(limits);
  budgets.set(client, budget);
  const socket = connect({ host, port });
  const spend = (units: number) => {
    if (budget.spend(units) || flooded.has(client)) return;
    flooded.add(client);
    socket.destroy();
  };
  // ssh2 begins to read when it is ready to.
  socket.pause();
  readInTurns(socket, (chunk) => {
    const units = chunk.length + sshChunkUnits;
    spend(units);
    return units;
  });
  client.on('handshake', () => spend(handshakeUnits));
  return socket;
}
