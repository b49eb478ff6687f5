import { createInterface } from 'node:readline';
import { printable } from '../../common/text.ts';
import { output } from './streams.ts';

/** Asks on the terminal; only y and yes are a yes. */
export async function confirm(question: string): Promise<boolean> {
  output.diagnostics.write(`${printable(question)} [y/N] `);
  // Not as a terminal: the kernel then edits the line, and Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
    output.diagnostics.write('\n');
    return false;
  } finally {
    lines.close();
  }
}
