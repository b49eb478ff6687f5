import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Scene } from './scene.ts';
import type { Attack } from './vector.ts';

/**
 * Prepares that another directory is taken for the work tree: of all that is there only a file with the canary is not
 * ignored. Plain reading reads what git lists. The repository is as `git init` makes it, without a commit.
 * @param top the directory that is taken for the work tree
 * @param from where git is asked
 */
export function takeForWorkTree(
  scene: Scene,
  top: string,
  from = scene.repo,
  git = scene.gitDirectory,
): Attack {
  const secret = join(scene.outside, 'secret');
  writeFileSync(secret, `${scene.canary}\n`);
  const parts = relative(top, secret).split('/');
  const rules = parts.map((_, index) => {
    const path = `/${parts.slice(0, index + 1).join('/')}`;
    return index < parts.length - 1 ? `!${path}\n${path}/*\n` : `!${path}\n`;
  });
  for (const name of ['index', 'refs/heads/main', 'refs/tags']) rmSync(join(git, name), { recursive: true });
  mkdirSync(join(git, 'info'), { recursive: true });
  writeFileSync(join(git, 'info/exclude'), `/*\n${rules.join('')}`);
  return { plain: () => readListed(scene, from), isOther: true };
}

function readListed(scene: Scene, from: string): string {
  const ask = (...args: string[]) => scene.git('-C', from, ...args).trim();
  const gitDirectory = ask('rev-parse', '--absolute-git-dir');
  // In a bare repository git itself names no work tree.
  const isBare = gitDirectory === from;
  const top = isBare ? ask('config', 'core.worktree') : ask('rev-parse', '--show-toplevel');
  const where = ['-C', top, `--git-dir=${gitDirectory}`, `--work-tree=${top}`];
  const names = scene.git(...where, 'ls-files', '--others', '--exclude-standard').split('\n');
  return names
    .filter((name) => name.endsWith('secret'))
    .map((name) => readFileSync(join(top, name), 'utf8'))
    .join('');
}
