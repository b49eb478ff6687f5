/**
 * The program that reads a checkout for `bangerd` and `banger`: a process of its own, because what it reads may be
 * hostile, damaged or without end. It does one thing and ends: `src/reader/protocol.ts` says what.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BangerError, messageOf } from '../common/errors.ts';
import { type Failure, failedStatus, type Replies, type Request, replyFile } from '../reader/protocol.ts';
import { archive } from './archive.ts';
import { makeGuestIndex } from './guest-index.ts';
import { pack } from './pack.ts';
import { check, read } from './read.ts';

const standardInput = 0;
const standardOutput = 1;

async function answer(request: Request): Promise<Replies[Request['act']]> {
  switch (request.act) {
    case 'check':
      return check(request);
    case 'read':
      return read(request);
    case 'pack':
      return pack(request.staging);
    case 'archive':
      return archive(request.staging, request.mark, standardOutput);
    case 'index':
      return makeGuestIndex(request.staging);
  }
}

async function main(): Promise<void> {
  // Who asks is our own program: the request is as it should be.
  const request = JSON.parse(readFileSync(standardInput, 'utf8')) as Request;
  const reply = await answer(request);
  writeFileSync(join(request.staging, replyFile), JSON.stringify(reply));
}

void main().catch((error: unknown) => {
  const code = error instanceof BangerError ? error.code : 'CommandFailed';
  const failure: Failure = { code, message: messageOf(error) };
  process.stderr.write(`\n${JSON.stringify(failure)}\n`);
  process.exitCode = failedStatus;
});
