import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc/<pid>/stat tells it, see proc(5). */
export interface ProcessStat {
  pid: number;
  /** One letter; Z and X have ended already. */
  state: string;
  session: number;
  /** Clock ticks since boot: with the pid it names one process for the whole boot. */
  startTime: number;
  /** Clock ticks that it has spent on processors, in user mode and in the kernel. */
  cpuTime: number;
  /** What of its memory is in RAM, in bytes. */
  residentBytes: number;
}

/** Clock ticks of /proc in a second, and bytes of a page: both are fixed on x86-64. */
export const ticksPerSecond = 100;
const pageBytes = 4096;

/** The state of a process, or nothing if there is none with that pid. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readOf(pid, 'stat')?.toString('latin1');
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses and may itself contain any character.
  const [state = '', , , session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state,
    session: Number(session),
    startTime: Number(rest[15]),
    cpuTime: Number(rest[7]) + Number(rest[8]),
    residentBytes: Number(rest[17]) * pageBytes,
  };
}

/** Checks whether a process is there and has not ended; a zombie has. */
export function isLive(stat: ProcessStat | undefined): stat is ProcessStat {
  return stat !== undefined && !'ZXx'.includes(stat.state);
}

/** The value that a variable had in the environment a process was started with; nothing if it had none. */
export function readVariable(pid: number, name: string): string | undefined {
  const variables = readOf(pid, 'environ')?.toString('latin1').split('\0');
  return variables?.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Checks whether a process runs in the control group of a unit of systemd; anybody may read that of any process. */
export function isInUnit(pid: number, unit: string): boolean {
  const groups = readOf(pid, 'cgroup')?.toString('utf8').split('\n') ?? [];
  return groups.some((line) => line.endsWith(`/${unit}`));
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
