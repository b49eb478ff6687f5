import { type Finding, pass, warn } from './check.ts';

/** A port of a guest in user mode that is not forwarded, because somebody on the host has it. */
export interface TakenPort {
  vm: string;
  protocol: string;
  port: number;
  /** Who, if it is known: programs of other users are not. */
  takenBy: string | undefined;
}

/**
 * Checks whether programs of the host are in the way of forwarded ports.
 * @param taken nothing if there is no VM whose ports are forwarded
 */
export function checkPorts(taken: readonly TakenPort[] | undefined): Finding[] {
  if (!taken) return [];
  if (taken.length === 0) return [pass('ports', 'all ports of VMs that can be forwarded are')];
  return taken.map(({ vm, protocol, port, takenBy }) => {
    const who = takenBy ?? 'a program of another user';
    return warn(
      'ports',
      `${who} has ${protocol} port ${port} of this host, on all of its addresses, so that of ${vm} is not forwarded`,
      `end it, have it listen on 127.0.0.1 alone, or have ${vm} listen on another port`,
    );
  });
}
