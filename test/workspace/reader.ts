import { closeSync, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { answer, failureOf } from '../../src/checkout/answer.ts';
import { BangerError } from '../../src/common/errors.ts';
import type { Ask } from '../../src/reader/reader.ts';

/**
 * Asks the reader of checkouts in this process: a process for each question takes most of the time of a prepare. What
 * that process adds, its bounds and its end, `transfer.test.ts` and `hang.test.ts` have.
 */
export const askHere: Ask = async (request, { output, signal }) => {
  const directory = mkdtempSync(join(tmpdir(), 'banger-test-reader-'));
  const path = join(directory, 'output');
  const file = openSync(path, 'w');
  try {
    if (signal.aborted) throw new BangerError('Cancelled', 'cancelled before it began');
    const reply = await answer(request, file).catch((error: unknown) => {
      const { code, message } = failureOf(error);
      throw new BangerError(code, message);
    });
    if (output) await pipeline(createReadStream(path), output).catch(() => undefined);
    return JSON.parse(JSON.stringify(reply));
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
};
