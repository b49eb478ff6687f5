import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runProgram } from './program.ts';

/** Runs git as a user would, without that user's settings, and gives what it printed, byte for byte. */
export async function git(directory: string, ...args: string[]): Promise<Buffer> {
  const env = { PATH: process.env.PATH, HOME: directory, LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1' };
  const { status, stdout, stderr } = await runProgram('git', args, { cwd: directory, env });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** An empty repository that is gone after the test. */
export async function makeRepository(context: Pick<TestContext, 'after'>): Promise<string> {
  const top = mkdtempSync('/tmp/bt-repository-');
  context.after(() => rmSync(top, { recursive: true, force: true }));
  const directory = join(top, 'project');
  mkdirSync(directory);
  await git(directory, 'init', '--quiet', '--initial-branch=main');
  await git(directory, 'config', 'user.name', 'Ann Example');
  await git(directory, 'config', 'user.email', 'ann@example.org');
  return directory;
}

/** Commits all that is there. */
export async function commitAll(directory: string, message: string): Promise<void> {
  await git(directory, 'add', '--all');
  await git(directory, 'commit', '--quiet', '--message', message);
}
