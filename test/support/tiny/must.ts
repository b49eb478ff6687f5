import { run } from '../../../src/common/exec.ts';

/** Runs a program that must succeed, and gives what it printed. */
export async function must(file: string, args: readonly string[]): Promise<string> {
  return await run({ file, args, timeoutMs: 120_000 });
}
