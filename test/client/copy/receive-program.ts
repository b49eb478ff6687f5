/**
 * `vm cp` out of a guest without one: what stands in place of ssh sends what a test made.
 * Usage: receive-program.ts, with a PATH that has that ssh first, and a case a line on standard input.
 * Prints a line of JSON for each: how it ended, and the most memory that the program has had so far.
 */
import { createInterface } from 'node:readline';
import { report } from '../../../src/cli/output/report.ts';
import { Copy } from '../../../src/client/copy/copy.ts';
import { receive } from '../../../src/client/copy/receive.ts';
import { BangerError } from '../../../src/common/errors.ts';

/** What is asked for, and the shell script that a hostile guest runs instead of packing it. */
export interface Request {
  send: string;
  source: string;
  target: string;
}

/** How a copy ended. */
export interface Received {
  /** Whether nothing was reported as not copied. */
  whole: boolean;
  /** Why it was given up. */
  failure: { code: string; message: string } | undefined;
  /** The most memory that the program has had, in bytes. */
  peak: number;
}

const access = {
  host: '127.0.0.1',
  port: 1,
  user: 'root',
  identityFile: '/nonexistent',
  knownHostsFile: '/nonexistent',
  hostKeyAlias: 'banger-vm',
  controlPath: undefined,
};

for await (const line of createInterface(process.stdin)) {
  const { send, source, target }: Request = JSON.parse(line);
  process.env.SEND = send;
  const copy = new Copy(access, {
    follow: false,
    signal: new AbortController().signal,
    onBytes: () => undefined,
    onNote: report,
  });
  const failure = await receive(copy, [source], target).then(
    () => undefined,
    (error: unknown) => ({
      code: error instanceof BangerError ? error.code : 'none',
      message: String(error instanceof Error ? error.message : error),
    }),
  );
  copy[Symbol.dispose]();
  const peak = process.resourceUsage().maxRSS * 1024;
  process.stderr.write('\0');
  console.log(JSON.stringify({ whole: copy.isWhole, failure, peak } satisfies Received));
}
