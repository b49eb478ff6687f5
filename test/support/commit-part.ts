import { createHash } from 'node:crypto';
import { runProgram } from './program.ts';

/**
 * Chooses which of some parts of a long test a run has, by the commit of a checkout: the same one for the same commit,
 * and all of them within a few commits.
 */
export async function partOfCommit(parts: number, checkout: string): Promise<number> {
  const { stdout } = await runProgram('git', ['-C', checkout, 'rev-parse', 'HEAD']);
  return createHash('sha256').update(stdout).digest().readUInt32BE() % parts;
}
