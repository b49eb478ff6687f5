import { runProgram, variableWords } from './guest-runner.ts';
import type { PackedVariables } from './guest-variables.ts';

/** How a command runs in a guest, beyond its arguments. */
export interface GuestRun {
  /** The directory to run it in; the status is 125 if it cannot be entered. */
  cwd?: string | undefined;
  /** Stands among the arguments of the shell that waits for it, to find it by. */
  name?: string;
  /** Variables for it, which are to be in the environment of the session. */
  variables?: PackedVariables;
  /**
   * Milliseconds after which it and all it started are ended, also if nobody is connected any more; the status
   * is 124 then, as timeout(1) has it.
   */
  timeout?: { ms: number; token: string } | undefined;
}

/** In every guest, whatever its image. Its shell takes its own applets for programs: never for a user's command. */
const busybox = '/run/banger/busybox';
/** What was asked to end has this long before it is killed. */
const graceSeconds = 5;
const timedOut = 124;
const markName = 'BANGER_TIMEOUT';

/**
 * Ends what a command started when its time is over: $1 seconds, $2 its mark, $3 the shell that waits for it.
 * What it started has the mark in its environment or is of the session that sshd began for it; see proc(5).
 */
const watchScript = `
seconds=$1 mark=$2 waiting=$3
[ "$mark" ] || exit 1
trap '' HUP INT QUIT PIPE
read -r me line </proc/self/stat
line=\${line##*) }; line=\${line#* * * }; own=\${line%% *}
[ "$own" = "$waiting" ] || own=none
over=
trap 'over=yes' TERM
sleep "$seconds" & pause=$!
trap 'kill $pause; exit 143' TERM
if [ "$over" ]; then kill $pause; exit 143; fi
wait $pause
trap '' TERM
look() {
  found=
  marked=$(grep -lzxF "$mark" /proc/[0-9]*/environ 2>/dev/null)
  for process in /proc/[0-9]*; do
    pid=\${process#/proc/}
    if [ $pid = $me ] || [ $pid = $waiting ]; then continue; fi
    { read -r line <$process/stat; } 2>/dev/null || continue
    line=\${line##*) }
    case $line in [ZX]*) continue ;; esac
    line=\${line#* * * }
    case \${line%% *} in $own) found="$found $pid" ;; *) case $marked in *$process/environ*) found="$found $pid" ;; esac ;; esac
  done
  [ "$found" ]
}
now() { read -r up line </proc/uptime; up=\${up%.*}; }
look && kill -TERM $found && kill -CONT $found
now
deadline=$((up + ${graceSeconds}))
while look && now && [ $up -lt $deadline ]; do sleep 0.2; done
deadline=$((up + ${graceSeconds} * 2))
while look && now && [ $up -lt $deadline ]; do kill -KILL $found; sleep 0.1; done
exit ${timedOut}
`;

/**
 * The words of a command line that runs a program with exactly these arguments: `sh -c SCRIPT sh WORD…`.
 * The shell stays to give 128 plus the signal for a program that one ended.
 */
export function guestWords(
  argv: readonly string[],
  { cwd, name = 'sh', variables = {}, timeout }: GuestRun,
): string[] {
  const words: string[] = [];
  let script = '';
  if (cwd !== undefined) {
    script += 'cd -- "$1" || exit 125; shift; ';
    words.push(cwd);
  }
  if (timeout !== undefined) {
    script += `${busybox} sh -c "$1" watch "$2" "$3" $$ </dev/null >/dev/null 2>&1 & w=$!; shift 3; `;
    words.push(watchScript, (timeout.ms / 1000).toFixed(3), `${markName}=${timeout.token}`);
  }
  // An interrupt is for the program, which may go on; sh waits for it. `exec` keeps sh's own commands
  // out, and in the subshell the signals are back to what they were. What sh says of a program that a
  // signal ended goes nowhere: stderr is the program's.
  script += 'trap : INT QUIT; exec 3>&2 2>/dev/null; (exec 2>&3 3>&-; exec "$@"); s=$?; ';
  if (timeout !== undefined) script += `kill $w; wait $w; [ $? -eq ${timedOut} ] && s=${timedOut}; `;
  const mark = timeout === undefined ? [] : [`${markName}=${timeout.token}`];
  return ['sh', '-c', `${script}exit $s`, name, ...words, ...withEnvironment(variables, mark), ...argv];
}

/** What stands before a command that is to have these variables, and the mark if there is one. */
function withEnvironment(variables: PackedVariables, mark: readonly string[]): string[] {
  if (Object.keys(variables).length > 0) {
    return [runProgram, 'sh', ...variableWords(variables), ...mark.flatMap((each) => ['-e', each]), '--'];
  }
  // env takes a program with a = in its name for a variable.
  return mark.length === 0 ? [] : [busybox, 'env', ...mark, '/bin/sh', '-c', 'exec "$@"', 'sh'];
}
