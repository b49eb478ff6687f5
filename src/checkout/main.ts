/**
 * The program that reads a checkout for `bangerd` and `banger`: a process of its own, because what it reads may be
 * hostile, damaged or without end. It does one thing and ends: `src/reader/protocol.ts` says what.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failedStatus, type Request, replyFile } from '../reader/protocol.ts';
import { answer, failureOf } from './answer.ts';

const standardInput = 0;
const standardOutput = 1;

async function main(): Promise<void> {
  // Who asks is our own program: the request is as it should be.
  const request = JSON.parse(readFileSync(standardInput, 'utf8')) as Request;
  const reply = await answer(request, standardOutput);
  writeFileSync(join(request.staging, replyFile), JSON.stringify(reply));
}

void main().catch((error: unknown) => {
  process.stderr.write(`\n${JSON.stringify(failureOf(error))}\n`);
  process.exitCode = failedStatus;
});
