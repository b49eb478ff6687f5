import assert from 'node:assert/strict';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './guest-home.ts';
import { isNewest, lockStage } from './made.ts';
import { runProgram } from './program.ts';

const mark = join(checkout, 'build/test/staged');
let staged: Promise<string> | undefined;

/**
 * The directory from which banger is installed, made of what the checkout has now by the first test that asks for it; to
 * be read only.
 */
export function stagedInstallation(): Promise<string> {
  staged ??= makeStage();
  return staged;
}

async function makeStage(): Promise<string> {
  using _held = await lockStage();
  const stage = join(checkout, 'build/stage');
  if (existsSync(join(stage, 'version')) && (await isNewest(mark))) return stage;
  const began = new Date();
  const made = await runProgram('make', ['-s', 'stage'], { cwd: checkout, timeoutMs: 240_000 });
  assert.equal(made.status, 0, made.stderr);
  writeFileSync(mark, '');
  // What is written to the checkout meanwhile is not in it.
  utimesSync(mark, began, began);
  return stage;
}
