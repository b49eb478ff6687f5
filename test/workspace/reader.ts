import { closeSync, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Examination } from '../../src/checkout/answer.ts';
import { BangerError } from '../../src/common/errors.ts';
import type { Answer, Replies, Request } from '../../src/reader/protocol.ts';
import type { Reader } from '../../src/reader/reader.ts';

/**
 * Reads a checkout in this process: to start one takes most of the time of a prepare. What that process adds, its bounds
 * and its end, `transfer.test.ts` and `hang.test.ts` have.
 */
export function readHere(): Reader {
  const directory = mkdtempSync(join(tmpdir(), 'banger-test-reader-'));
  const path = join(directory, 'output');
  const output = openSync(path, 'w');
  let isClosed = false;
  const examination = new Examination(output);
  const archive = new PassThrough();
  return {
    archive,
    async ask<Act extends Request['act']>(
      request: Request & { act: Act },
      { signal }: { signal: AbortSignal },
    ): Promise<Replies[Act]> {
      if (signal.aborted) throw new BangerError('Cancelled', 'cancelled before it began');
      isClosed ||= request.act === 'archive';
      const answer = (await examination.answer(request)) as Answer<Act>;
      if ('failure' in answer) {
        const { code, problem, remedy } = answer.failure;
        throw new BangerError(code, problem, { remedy });
      }
      if (request.act === 'archive') createReadStream(path).pipe(archive);
      return JSON.parse(JSON.stringify(answer.reply));
    },
    async close() {
      archive.destroy();
      if (!isClosed) closeSync(output);
      rmSync(directory, { recursive: true });
    },
  };
}
