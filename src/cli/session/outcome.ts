import { constants } from 'node:os';

/** How a run of ssh ended. */
export type Outcome =
  | { kind: 'exited'; status: number }
  /** ssh itself failed; `connected` tells whether the guest had let it in before. */
  | { kind: 'lost'; connected: boolean; reason: string };

/** The status with which ssh says that it failed; a program in the guest may end with it too. */
const ambiguousStatus = 255;

/**
 * Tells what the guest's program ended with from a failure of ssh. Both may give 255, but only of a program
 * that ended does ssh note the exit status in its log.
 * @param log what ssh wrote with LogLevel=DEBUG1
 */
export function outcomeOf(code: number | null, signal: NodeJS.Signals | null, log: string): Outcome {
  if (signal !== null) return { kind: 'exited', status: 128 + constants.signals[signal] };
  if (code !== null && code !== ambiguousStatus) return { kind: 'exited', status: code };
  const lines = log.split(/\r?\n/).filter((line) => line !== '');
  if (lines.some((line) => /^debug1: Exit status 255$/.test(line))) return { kind: 'exited', status: 255 };
  // A signal that ssh itself was sent, as by Ctrl-C.
  const killed = lines.map((line) => /^Killed by signal (\d+)\.$/.exec(line)?.[1]).find(Boolean);
  if (killed !== undefined) return { kind: 'exited', status: 128 + Number(killed) };
  // A login shell that a signal ended: ssh is told the name of the signal and keeps it to itself.
  if (lines.some((line) => line.includes('rtype exit-signal'))) return { kind: 'exited', status: 255 };
  const connected = lines.some((line) => line.startsWith('Authenticated to '));
  const said = lines.filter(
    (line) => !/^(debug\d|Authenticated|Transferred|Bytes per second|OpenSSH_)/.test(line),
  );
  return {
    kind: 'lost',
    connected,
    reason: said.at(-1)?.trim() ?? (connected ? 'the guest closed it' : 'ssh gave no reason'),
  };
}
