import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkout } from './guest-home.ts';
import { runProgram } from './program.ts';

let staged: Promise<string> | undefined;

/** The directory from which banger is installed, made of what the checkout has now; once in a process. */
export function stagedInstallation(): Promise<string> {
  staged ??= makeStage();
  return staged;
}

async function makeStage(): Promise<string> {
  const made = await runProgram('make', ['-s', 'stage'], { cwd: checkout });
  assert.equal(made.status, 0, made.stderr);
  return join(checkout, 'build/stage');
}
