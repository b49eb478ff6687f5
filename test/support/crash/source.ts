import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../tiny/must.ts';

/** Makes a checkout with a commit and a file that is not in it yet. @returns its directory */
export async function makeSource(directory: string): Promise<string> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'file'), 'text\n');
  const git = (...args: string[]) => must('git', ['-C', directory, ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  const author = ['-c', 'user.name=Ann Example', '-c', 'user.email=ann@example.org'];
  await git(...author, 'commit', '--quiet', '-m', 'all');
  writeFileSync(join(directory, 'new'), 'more\n');
  return directory;
}
