import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configureUser, inRepo, type State } from './state.ts';

const odd = ['a b', 'new\nline', '"quotes\'', 'back\\slash', '-rf', '*?[x]', '\ttab'];

export const fileStates: State[] = [
  { name: 'nothing changed', make: inRepo(() => undefined) },
  {
    name: 'changed, staged, and changed again',
    make: inRepo((scene) => {
      scene.write('README', 'staged\n');
      scene.git('add', 'README');
      scene.write('README', 'and changed again\n');
      scene.write('src/a.c', 'changed\n');
    }),
  },
  {
    name: 'intent to add',
    make: inRepo((scene) => {
      scene.write('intended', 'x\n');
      scene.git('add', '--intent-to-add', 'intended');
    }),
  },
  {
    name: 'skip-worktree, changed and deleted',
    make: inRepo((scene) => {
      scene.git('update-index', '--skip-worktree', 'README', 'src/a.c');
      scene.write('README', 'changed\n');
      unlinkSync(join(scene.repo, 'src/a.c'));
    }),
  },
  {
    name: 'assume-unchanged, changed and deleted',
    make: inRepo((scene) => {
      scene.git('update-index', '--assume-unchanged', 'README', 'src/a.c');
      scene.write('README', 'changed\n');
      unlinkSync(join(scene.repo, 'src/a.c'));
    }),
  },
  {
    name: 'untracked files and directories',
    make: inRepo((scene) => {
      scene.write('new/deep/file', 'x');
      scene.write('new/other', 'x');
      mkdirSync(join(scene.repo, 'empty'));
    }),
  },
  {
    name: 'untracked files that status does not show',
    make: inRepo((scene) => configureUser(scene, '[status]', '\tshowUntrackedFiles = no')),
  },
  {
    name: 'ignored files',
    make: inRepo((scene) => {
      scene.write('.gitignore', '*.o\n/build/\n');
      scene.write('a.o', 'x');
      scene.write('build/out', 'x');
    }),
  },
  {
    name: 'ignored files that are tracked',
    make: inRepo((scene) => {
      scene.write('.gitignore', '*.o\n');
      scene.write('a.o', 'x');
      scene.git('add', '--force', 'a.o');
      scene.git('commit', '--quiet', '-m', 'ignored');
      scene.write('a.o', 'changed');
      scene.write('b.o', 'x');
    }),
  },
  {
    name: 'ignored by .git/info/exclude and the user',
    make: inRepo((scene) => {
      configureUser(scene, '[core]', '\texcludesFile = ~/rules');
      writeFileSync(join(scene.home, 'rules'), '*.mine\n');
      scene.write('.git/info/exclude', '!keep.mine\n*.own\n');
      for (const name of ['a.mine', 'keep.mine', 'a.own']) scene.write(name, 'x');
    }),
  },
  {
    name: 'ignored by a file that the repository names, in the checkout',
    make: inRepo((scene) => {
      scene.git('config', 'core.excludesFile', join(scene.repo, 'rules'));
      scene.write('rules', '*.mine\n');
      scene.write('a.mine', 'x');
    }),
  },
  {
    name: 'ignored by a file that the repository names, elsewhere',
    make: inRepo((scene) => {
      scene.git('config', 'core.excludesFile', '~/rules');
      writeFileSync(join(scene.home, 'rules'), '*.mine\n');
    }),
    refusal:
      /core\.excludesFile, which is outside of the checkout; run `git -C .* config --unset core\.excludesFile`/,
  },
  {
    name: 'the executable bit, set and not staged',
    make: inRepo((scene) => chmodSync(join(scene.repo, 'README'), 0o755)),
  },
  {
    name: 'core.fileMode=false',
    make: inRepo((scene) => {
      scene.git('config', 'core.fileMode', 'false');
      chmodSync(join(scene.repo, 'README'), 0o755);
    }),
  },
  {
    name: 'symbolic links, one dangling and one changed',
    make: inRepo((scene) => {
      symlinkSync('README', join(scene.repo, 'link'));
      symlinkSync('/nowhere', join(scene.repo, 'dangling'));
      scene.git('add', '.');
      scene.git('commit', '--quiet', '-m', 'links');
      unlinkSync(join(scene.repo, 'link'));
      symlinkSync('src', join(scene.repo, 'link'));
    }),
  },
  {
    name: 'core.symlinks=false',
    make: inRepo((scene) => {
      symlinkSync('README', join(scene.repo, 'link'));
      scene.git('add', 'link');
      scene.git('commit', '--quiet', '-m', 'link');
      scene.git('config', 'core.symlinks', 'false');
      unlinkSync(join(scene.repo, 'link'));
      scene.git('checkout', '--', 'link');
    }),
  },
  {
    name: 'names that differ by case',
    make: inRepo((scene) => {
      scene.commit('readme', 'lower\n');
      scene.write('ReadMe', 'untracked\n');
    }),
  },
  {
    name: 'core.ignoreCase=true',
    make: inRepo((scene) => {
      scene.git('config', 'core.ignoreCase', 'true');
      renameSync(join(scene.repo, 'README'), join(scene.repo, 'readme'));
    }),
  },
  {
    name: 'odd names, tracked and not',
    make: inRepo((scene) => {
      for (const name of odd) scene.write(`odd/${name}`, name);
      scene.git('add', 'odd');
      scene.git('commit', '--quiet', '-m', 'odd');
      for (const name of odd) scene.write(name, name);
    }),
  },
  {
    name: 'names that are not UTF-8',
    make: inRepo((scene) => {
      const bytes = (...name: number[]) => Buffer.concat([Buffer.from(`${scene.repo}/`), Buffer.from(name)]);
      writeFileSync(bytes(0xff, 0xfe, 0x41), 'tracked');
      scene.git('add', '.');
      scene.git('commit', '--quiet', '-m', 'bytes');
      writeFileSync(bytes(0xff, 0xfe, 0x41), 'changed');
      writeFileSync(bytes(0x80, 0x42), 'untracked');
    }),
  },
  {
    name: 'core.quotePath=false',
    make: inRepo((scene) => {
      scene.git('config', 'core.quotePath', 'false');
      scene.write('\u00fc', 'x');
    }),
  },
  {
    name: 'deleted, in the work tree and staged',
    make: inRepo((scene) => {
      unlinkSync(join(scene.repo, 'README'));
      scene.git('rm', '--quiet', 'src/a.c');
      scene.git('rm', '--quiet', '--cached', 'src/b.c');
    }),
  },
  {
    name: 'a staged rename',
    make: inRepo((scene) => scene.git('mv', 'README', 'moved')),
  },
  {
    name: 'a staged rename that status.renames does not look for',
    make: inRepo((scene) => {
      scene.git('config', 'status.renames', 'false');
      scene.git('mv', 'README', 'moved');
    }),
  },
  {
    name: 'types that changed: file to link, file to directory, directory to link',
    make: inRepo((scene) => {
      unlinkSync(join(scene.repo, 'README'));
      symlinkSync('src/a.c', join(scene.repo, 'README'));
      unlinkSync(join(scene.repo, 'src/a.c'));
      scene.write('src/a.c/inner', 'x');
      rmSync(join(scene.repo, 'data'), { recursive: true });
      symlinkSync('src', join(scene.repo, 'data'));
    }),
  },
];

/** Forms of the index, beside which something is changed and staged. */
const forms: Record<string, string[][]> = {
  'a split index': [
    ['config', 'core.splitIndex', 'true'],
    ['update-index', '--split-index'],
  ],
  'an untracked cache': [
    ['config', 'core.untrackedCache', 'true'],
    ['update-index', '--untracked-cache'],
  ],
  'version 4': [['update-index', '--index-version', '4']],
  'fsmonitor by a hook': [
    ['config', 'core.fsmonitor', 'false'],
    ['update-index', '--fsmonitor'],
  ],
  'threads and offsets': [
    ['config', 'index.threads', '4'],
    ['config', 'index.recordEndOfIndexEntries', 'true'],
  ],
  'no checksum': [['config', 'index.skipHash', 'true']],
};

export const indexStates: State[] = Object.entries(forms).map(([name, commands]) => ({
  name: `index: ${name}`,
  make: inRepo((scene) => {
    for (const args of commands) scene.git(...args);
    scene.git('status');
    scene.write('README', 'staged\n');
    scene.git('add', 'README');
    scene.write('src/a.c', 'changed\n');
    scene.write('another', 'x');
  }),
}));
