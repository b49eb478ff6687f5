import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** How the program of copies (guest/copy) ended on this host. */
export interface CopyProgramEnd {
  status: number | null;
  /** The lines that it wrote to standard error. */
  said: readonly string[];
}

/** Waits for the end of the program of copies. @throws the system's error if it could not be started */
export function untilProgramEnds(child: ChildProcess & { stderr: Readable }): Promise<CopyProgramEnd> {
  const chunks: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      const lines = Buffer.concat(chunks).toString().split('\n');
      resolve({ status, said: lines.filter((line) => line !== '') });
    });
  });
}
