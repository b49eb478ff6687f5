import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc/<pid>/stat tells it, see proc(5). */
export interface ProcessStat {
  pid: number;
  /** One letter; Z and X have ended already. */
  state: string;
  session: number;
  /** Clock ticks since boot: with the pid it names one process for the whole boot. */
  startTime: number;
}

/** The state of a process, or nothing if there is none with that pid. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readOf(pid, 'stat')?.toString('latin1');
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses and may itself contain any character.
  const [state = '', , , session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, state, session: Number(session), startTime: Number(rest[15]) };
}

/** Whether a process is there and has not ended; a zombie has. */
export function isLive(stat: ProcessStat | undefined): stat is ProcessStat {
  return stat !== undefined && !'ZXx'.includes(stat.state);
}

/** Whether a process was started with this text as a variable (`NAME=value`) in its environment. */
export function hasVariable(pid: number, variable: string): boolean {
  const environment = readOf(pid, 'environ');
  return environment !== undefined && `\0${environment.toString('latin1')}`.includes(`\0${variable}\0`);
}

/** The pids of all processes that we can see. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Nothing if the process has ended or is not ours to read. */
function readOf(pid: number, file: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
