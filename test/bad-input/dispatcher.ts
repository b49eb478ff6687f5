/**
 * Runs many command lines through the CLI in one process, because starting it for each would take most of the
 * time. Reads an array of argument lists from standard input and prints how each ended; for command lines
 * that end before anything is begun.
 */
import { text } from 'node:stream/consumers';
import { dispatch } from '../../src/cli/dispatch.ts';

const inputs: string[][] = JSON.parse(await text(process.stdin));
const written = { stdout: '', stderr: '' };
const write = process.stdout.write.bind(process.stdout);
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk) => {
    written[name] += String(chunk);
    return true;
  };
}
const outcomes: object[] = [];
for (const args of inputs) {
  Object.assign(written, { stdout: '', stderr: '' });
  const status = await dispatch(args);
  outcomes.push({ status, ...written });
}
write(JSON.stringify(outcomes));
