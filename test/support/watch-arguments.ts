/**
 * Looks at the arguments of all processes that this user can see, again and again until its input ends, and prints as
 * JSON which of them hold a text. The texts are the first line of its input, as JSON, and so not in its own arguments.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';

/** What it prints. */
export interface Watched {
  /** How often all processes were looked at. */
  rounds: number;
  /** The command lines that held a text, each once, with a space between two arguments. */
  found: string[];
}

const found = new Set<string>();
let rounds = 0;
let open = true;
const lines = createInterface({ input: process.stdin });
lines.on('close', () => {
  open = false;
});
const texts = await new Promise<string[]>((resolve) =>
  lines.once('line', (line) => resolve(JSON.parse(line))),
);
process.stderr.write('watching\n');
while (open) {
  for (const pid of readdirSync('/proc')) {
    const words = /^\d+$/.test(pid) ? argumentsOf(pid) : '';
    if (texts.some((text) => words.includes(text))) found.add(words.replaceAll('\0', ' ').trim());
  }
  rounds++;
  await turn();
}
console.log(JSON.stringify({ rounds, found: [...found] } satisfies Watched));

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}
