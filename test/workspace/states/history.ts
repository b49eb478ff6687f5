import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clone, inRepo, runGit, type Scene, type State } from './state.ts';

/** Begins an operation that stops at a conflict, as its status tells. */
function stopsAt(scene: Scene, ...args: string[]): void {
  try {
    scene.git(...args);
  } catch {
    return;
  }
  throw new Error(`git ${args[0]} did not stop`);
}

/** Makes two branches that change the same line. */
function diverge(scene: Scene): void {
  scene.git('checkout', '--quiet', '-b', 'side');
  scene.commit('README', 'theirs\n');
  scene.git('checkout', '--quiet', 'main');
  scene.commit('README', 'ours\n');
}

function oid({ git }: Scene, revision: string): string {
  return git('rev-parse', revision).trim();
}

/** A commit that stands for another, with other words, another parent and another tree. */
function otherCommit(scene: Scene): string {
  scene.git('checkout', '--quiet', '--orphan', 'other');
  scene.commit('other', 'other\n');
  scene.git('checkout', '--quiet', 'main');
  return oid(scene, 'other');
}

export const historyStates: State[] = [
  {
    name: 'replace: a commit by another',
    make: inRepo((scene) => {
      const other = otherCommit(scene);
      scene.git('branch', '--quiet', '-D', 'other');
      scene.git('replace', oid(scene, 'HEAD~1'), other);
    }),
  },
  {
    name: 'replace: the current commit, by one of another tree',
    make: inRepo((scene) => scene.git('replace', oid(scene, 'HEAD'), otherCommit(scene))),
  },
  {
    name: 'replace: --graft joins an older history',
    make: inRepo((scene) => {
      otherCommit(scene);
      scene.git('replace', '--graft', oid(scene, 'HEAD~1'), 'other');
    }),
  },
  {
    name: 'replace: a replacement that is replaced',
    make: inRepo((scene) => {
      otherCommit(scene);
      scene.git('replace', '--graft', oid(scene, 'HEAD'), oid(scene, 'other'));
      scene.git('checkout', '--quiet', '--orphan', 'third', 'other');
      scene.commit('third', 'third\n');
      scene.git('checkout', '--quiet', 'main');
      scene.git('replace', oid(scene, 'other'), oid(scene, 'third'));
    }),
  },
  {
    name: 'replace: packed refs, and a file by another',
    make: inRepo((scene) => {
      scene.git('replace', oid(scene, 'HEAD:data/one'), oid(scene, 'HEAD:data/two'));
      scene.git('replace', oid(scene, 'HEAD~1'), otherCommit(scene));
      scene.git('pack-refs', '--all');
    }),
  },
  {
    name: 'replace: one whose object is not there',
    make: inRepo((scene) => {
      otherCommit(scene);
      scene.git('update-ref', `refs/replace/${'1'.repeat(40)}`, 'other');
    }),
  },
  {
    name: 'replace: core.useReplaceRefs=false',
    make: inRepo((scene) => {
      scene.git('replace', oid(scene, 'HEAD~1'), otherCommit(scene));
      scene.git('config', 'core.useReplaceRefs', 'false');
    }),
  },
  {
    name: 'grafts: another parent',
    make: inRepo((scene) => {
      const other = otherCommit(scene);
      scene.write('.git/info/grafts', `# joined\n${oid(scene, 'HEAD~1')} ${other}\n`);
    }),
  },
  {
    name: 'grafts: no parent',
    make: inRepo((scene) => scene.write('.git/info/grafts', `${oid(scene, 'HEAD')}\n`)),
  },
  { name: 'a shallow clone', make: (scene) => clone(scene, '--depth=1') },
  {
    name: 'a partial clone',
    make(scene) {
      scene.git('config', 'uploadpack.allowFilter', 'true');
      return clone(scene, '--filter=blob:none');
    },
    // Only the current commit is copied, as of a shallow clone.
    only: { log: /(?<= )[0-9a-f]{40}(?= Ann)|^[0-9a-f]{40} {2}Ann Example ann@example.org\nfirst\n\n/gm },
  },
  {
    name: 'a partial clone that lacks a file of its commit',
    make(scene) {
      scene.git('config', 'uploadpack.allowFilter', 'true');
      const directory = clone(scene, '--filter=blob:none', '--no-checkout');
      runGit(scene.home, directory, 'read-tree', 'HEAD');
      return directory;
    },
    refusal: /partial clone and lacks files of its own revision/,
  },
  {
    name: 'conflicts of a merge',
    make: inRepo((scene) => {
      diverge(scene);
      stopsAt(scene, 'merge', 'side');
    }),
  },
  {
    name: 'a merge without conflicts, not committed',
    make: inRepo((scene) => {
      scene.git('checkout', '--quiet', '-b', 'side', 'HEAD~1');
      scene.commit('side', 'side\n');
      scene.git('checkout', '--quiet', 'main');
      scene.git('merge', '--quiet', '--no-commit', '--no-ff', 'side');
    }),
  },
  {
    name: 'a rebase in progress',
    make: inRepo((scene) => {
      diverge(scene);
      stopsAt(scene, 'rebase', 'side');
    }),
  },
  {
    name: 'a cherry-pick in progress',
    make: inRepo((scene) => {
      diverge(scene);
      stopsAt(scene, 'cherry-pick', 'side');
    }),
  },
  {
    name: 'a revert in progress',
    make: inRepo((scene) => {
      scene.commit('README', 'one\n');
      scene.commit('README', 'two\n');
      stopsAt(scene, 'revert', '--no-edit', 'HEAD~1');
    }),
  },
  {
    name: 'a bisection in progress',
    make: inRepo((scene) => {
      for (const text of ['1', '2', '3']) scene.commit('file', text);
      scene.git('bisect', 'start');
      scene.git('bisect', 'bad', 'HEAD');
      scene.git('bisect', 'good', 'HEAD~3');
    }),
  },
  {
    name: 'a stash',
    make: inRepo((scene) => {
      scene.write('README', 'stashed\n');
      scene.git('stash', '--quiet');
      scene.write('src/a.c', 'changed\n');
    }),
  },
  {
    name: 'a detached HEAD',
    make: inRepo((scene) => scene.git('checkout', '--quiet', '--detach', 'HEAD~1')),
  },
  { name: 'an unborn branch', make: inRepo((scene) => scene.git('checkout', '--quiet', '--orphan', 'new')) },
  {
    name: 'an empty repository',
    make({ home }) {
      runGit(home, home, 'init', '--quiet', '--initial-branch=main', 'empty');
      return join(home, 'empty');
    },
  },
  {
    name: 'an upstream that is behind and ahead',
    make(scene) {
      const directory = clone(scene);
      runGit(scene.home, directory, 'commit', '--quiet', '--allow-empty', '-m', 'ahead');
      scene.commit('README', 'behind\n');
      runGit(scene.home, directory, 'fetch', '--quiet');
      return directory;
    },
  },
  {
    name: 'an upstream that is gone',
    make(scene) {
      const directory = clone(scene);
      runGit(scene.home, directory, 'update-ref', '-d', 'refs/remotes/origin/main');
      return directory;
    },
  },
  {
    name: 'an upstream in the repository itself',
    make: inRepo((scene) => {
      scene.git('checkout', '--quiet', '-b', 'topic', '--track', 'main');
      scene.git('commit', '--quiet', '--allow-empty', '-m', 'ahead');
    }),
  },
  {
    name: 'packed refs and a packed history',
    make: inRepo((scene) => scene.git('gc', '--quiet')),
  },
  {
    name: 'a commit in another encoding',
    make: inRepo((scene) => {
      scene.git('config', 'i18n.commitEncoding', 'ISO-8859-1');
      writeFileSync(join(scene.home, 'message'), Buffer.from('gr\u00fc\u00dfe\n', 'latin1'));
      scene.git('commit', '--quiet', '--allow-empty', '--file', join(scene.home, 'message'));
      scene.git('config', 'i18n.logOutputEncoding', 'ISO-8859-1');
    }),
  },
  {
    name: 'an object of the history that is missing',
    make: inRepo((scene) => {
      const id = oid(scene, 'HEAD~1');
      rmSync(join(scene.repo, '.git/objects', id.slice(0, 2), id.slice(2)));
    }),
    refusal: /lacks objects of its history|lacks its commit/,
  },
];
