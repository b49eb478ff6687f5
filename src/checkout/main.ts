/**
 * The program that reads a checkout for `bangerd` and `banger`: a process of its own, because what it reads may be
 * hostile, damaged or without end. `src/reader/protocol.ts` says what it is asked.
 */
import { writeSync } from 'node:fs';
import { answerDescriptor, archiveDescriptor, type Request } from '../reader/protocol.ts';
import { Examination } from './answer.ts';
import { requestLines } from './request-lines.ts';

const standardInput = 0;

async function main(): Promise<void> {
  const examination = new Examination(archiveDescriptor);
  for (const line of requestLines(standardInput)) {
    // Who asks is our own program: the request is as it should be.
    const answer = await examination.answer(JSON.parse(line) as Request);
    const text = Buffer.from(`${JSON.stringify(answer)}\n`);
    for (let at = 0; at < text.length; ) at += writeSync(answerDescriptor, text, at);
  }
}

void main();
