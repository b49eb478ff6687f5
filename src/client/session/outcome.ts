import { constants } from 'node:os';
import { BangerError } from '../../common/errors.ts';
import { foreignWords } from '../../common/text.ts';

/** How a run of ssh ended. */
export type SessionOutcome =
  | { kind: 'exited'; status: number }
  /** ssh itself failed; `connected` tells whether the guest had let it in before. */
  | { kind: 'lost'; connected: boolean; reason: string };

/** The status with which ssh says that it failed; a program in the guest may end with it too. */
export const ambiguousStatus = 255;
/** In UTF-16 units. */
const maxReasonLength = 500;
/** What strsignal(3) calls the signals that a client of a shared connection ends by. */
const signalNames: Readonly<Record<string, number>> = { Hangup: 1, Interrupt: 2, Terminated: 15 };

/** How ssh begins what it logs because of LogVerbose, behind the level. */
const placeInSource = /^((?:debug\d: )?)[\w.-]+\.c:\w+\(\):\d+ \(pid=\d+\): /;

/** The ssh connection failed or broke, as opposed to what ran over it. */
export class SessionLost extends BangerError {
  /** Whether the guest had let us in before. */
  readonly connected: boolean;

  constructor(reason: string, connected: boolean) {
    const what = connected ? 'the connection to the VM broke' : 'the VM did not let ssh in';
    super('GuestUnreachable', `${what}: ${guestQuoted(reason)}`);
    this.connected = connected;
  }
}

/**
 * Tells what the guest's program ended with from a failure of ssh. Both may give 255, but only of a program
 * that ended does ssh note the exit status in its log.
 * @param log what ssh wrote with the arguments of `sshArguments`
 * @param stillShared whether the shared connection, if one was used, lives
 */
export function parseOutcome(
  code: number | null,
  signal: NodeJS.Signals | null,
  log: string,
  stillShared = false,
): SessionOutcome {
  if (signal !== null) return { kind: 'exited', status: 128 + constants.signals[signal] };
  if (code !== null && code !== ambiguousStatus) return { kind: 'exited', status: code };
  const lines = log
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.replace(placeInSource, '$1'));
  const some = (pattern: RegExp) => lines.some((line) => pattern.test(line));
  if (some(/^debug1: Exit status 255$|^debug2: Received exit status from master 255$/)) {
    return { kind: 'exited', status: 255 };
  }
  // A signal that ssh itself was sent, as by Ctrl-C.
  const killed = lines.map(signalIn).find((number) => number !== undefined);
  if (killed !== undefined) return { kind: 'exited', status: 128 + killed };
  // A login shell that a signal ended: ssh is told the name of the signal and keeps it to itself.
  if (some(/rtype exit-signal/)) return { kind: 'exited', status: 255 };
  const masterGone = some(/^debug2: Control master terminated unexpectedly$/);
  // The same over a shared connection: the session ended without a status and took nothing else along.
  if (masterGone && stillShared) return { kind: 'exited', status: 255 };
  const connected = masterGone || some(/^Authenticated to /);
  return {
    kind: 'lost',
    connected,
    reason: lastSaid(lines) ?? (connected ? 'the guest closed it' : 'ssh gave no reason'),
  };
}

/** A reason with what is the guest's own in quotes: its sshd may say goodbye in any words. */
function guestQuoted(reason: string): string {
  const [, by, words] =
    /^(Received disconnect from \S+ port \d+:\d+:)\s*(.*)$/.exec(foreignWords(reason, maxReasonLength)) ?? [];
  if (by === undefined) return foreignWords(reason, maxReasonLength);
  return words === undefined || words === '' ? by.slice(0, -1) : `${by} the guest says "${words}"`;
}

/** The last line that is for people, of what ssh wrote. */
export function lastSaid(lines: readonly string[]): string | undefined {
  const forMachines = /^(debug\d|Authenticated|Transferred|Bytes per second|OpenSSH_|\s*$)/;
  return lines.findLast((line) => !forMachines.test(line))?.trim();
}

function signalIn(line: string): number | undefined {
  const [, number, name] = /^(?:Killed by signal (\d+)\.|debug2: Exiting on signal: (\w+))$/.exec(line) ?? [];
  return number === undefined ? signalNames[name ?? ''] : Number(number);
}
