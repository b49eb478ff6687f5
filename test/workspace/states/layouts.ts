import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clone, configureUser, inRepo, runGit, type Scene, type State } from './state.ts';

const nobody = 65534;

function addLibrary(scene: Scene): void {
  runGit(scene.home, scene.home, 'clone', '--quiet', scene.repo, 'library');
  scene.git('submodule', '--quiet', 'add', join(scene.home, 'library'), 'sub');
  scene.git('commit', '--quiet', '-m', 'submodule');
}

function nested(scene: Scene): void {
  runGit(scene.home, scene.repo, 'init', '--quiet', 'vendor/nested');
  scene.write('vendor/nested/file', 'x');
}

const submodules = /the repository has submodules \("sub"\).*banger vm cp/;

/** Sets what a repository needs of git, as another version of git may do. */
function needs(...lines: string[]): (scene: Scene) => undefined {
  return inRepo(({ repo }) =>
    writeFileSync(join(repo, '.git/config'), `${lines.join('\n')}\n`, { flag: 'a' }),
  );
}

export const layoutStates: State[] = [
  { name: 'a directory in the checkout', make: ({ repo }) => join(repo, 'src'), below: 'src' },
  {
    name: 'a linked work tree',
    make(scene) {
      scene.git('worktree', 'add', '--quiet', '-b', 'linked', '../linked');
      writeFileSync(join(scene.home, 'linked/README'), 'changed\n');
      return join(scene.home, 'linked');
    },
  },
  {
    name: 'a linked work tree with attributes and excludes of the repository',
    make(scene) {
      scene.git('worktree', 'add', '--quiet', '-b', 'linked', '../linked');
      scene.write('.git/info/attributes', '*.txt text eol=crlf\n');
      scene.write('.git/info/exclude', '*.mine\n');
      const linked = join(scene.home, 'linked');
      writeFileSync(join(linked, 'w.txt'), 'a\r\n');
      writeFileSync(join(linked, 'a.mine'), 'ignored');
      runGit(scene.home, linked, 'add', 'w.txt');
      return linked;
    },
  },
  {
    name: 'a git directory elsewhere that names its work tree',
    make: inRepo((scene) => {
      scene.git('init', '--quiet', '--separate-git-dir', join(scene.home, 'separate.git'));
      scene.git('config', 'core.worktree', scene.repo);
    }),
  },
  {
    name: 'a git directory elsewhere that names no work tree',
    make: inRepo((scene) =>
      scene.git('init', '--quiet', '--separate-git-dir', join(scene.home, 'separate.git')),
    ),
    refusal: /does not name this work tree in return; .*config core\.worktree/,
  },
  {
    name: 'a symbolic link for the git directory',
    make(scene) {
      mkdirSync(join(scene.home, 'other'));
      symlinkSync(join(scene.repo, '.git'), join(scene.home, 'other/.git'));
      return join(scene.home, 'other');
    },
    refusal: /\.git is a symbolic link/,
  },
  {
    name: 'a bare repository',
    make(scene) {
      runGit(scene.home, scene.home, 'clone', '--quiet', '--bare', scene.repo, 'bare.git');
      return join(scene.home, 'bare.git');
    },
    refusal: /is a bare repository/,
  },
  {
    name: 'no repository',
    make({ home }) {
      mkdirSync(join(home, 'plain'));
      return join(home, 'plain');
    },
    refusal: /git init/,
  },
  {
    name: 'sparse, by directories',
    make: inRepo((scene) => scene.git('sparse-checkout', 'set', '--cone', 'src')),
  },
  {
    name: 'sparse, by directories, with a sparse index',
    make: inRepo((scene) => scene.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'src')),
  },
  {
    name: 'sparse, by patterns',
    make: inRepo((scene) => scene.git('sparse-checkout', 'set', '--no-cone', '/*', '!/data/')),
  },
  { name: 'submodules: initialised', make: inRepo(addLibrary), refusal: submodules },
  {
    name: 'submodules: not initialised',
    make(scene) {
      addLibrary(scene);
      return clone(scene);
    },
    refusal: submodules,
  },
  {
    name: 'submodules: with changes',
    make: inRepo((scene) => {
      addLibrary(scene);
      scene.write('sub/README', 'changed\n');
    }),
    refusal: submodules,
  },
  {
    name: 'submodules: nested',
    make: inRepo((scene) => {
      addLibrary(scene);
      const sub = join(scene.repo, 'sub');
      runGit(scene.home, sub, 'submodule', '--quiet', 'add', join(scene.home, 'library'), 'inner');
    }),
    refusal: submodules,
  },
  {
    name: 'a commit of a repository that no .gitmodules names',
    make: inRepo((scene) => {
      nested(scene);
      runGit(
        scene.home,
        join(scene.repo, 'vendor/nested'),
        '-c',
        'user.name=x',
        '-c',
        'user.email=x@x',
        'commit',
        '--quiet',
        '--allow-empty',
        '-m',
        'x',
      );
      scene.git('add', 'vendor/nested');
    }),
    refusal: /submodules \("vendor\/nested"\)/,
  },
  {
    name: 'a nested repository, untracked',
    make: inRepo(nested),
    // It is left out, and named in the result.
    only: { status: /^\? vendor\/\n/m },
  },
  {
    name: 'a nested repository, ignored',
    make: inRepo((scene) => {
      nested(scene);
      scene.write('.git/info/exclude', 'vendor/\n');
    }),
  },
  {
    name: 'the checkout of a submodule',
    make(scene) {
      addLibrary(scene);
      return join(scene.repo, 'sub');
    },
  },
  {
    name: 'alternates',
    make(scene) {
      runGit(scene.home, scene.home, 'clone', '--quiet', '--shared', scene.repo, 'shared');
      return join(scene.home, 'shared');
    },
    refusal: /takes objects from another repository.*repack -a -d/s,
  },
  {
    name: 'object ids of SHA-256',
    make({ home }) {
      const directory = join(home, 'sha256');
      const git = (...args: string[]) =>
        runGit(home, directory, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args);
      runGit(home, home, 'init', '--quiet', '--object-format=sha256', directory);
      writeFileSync(join(directory, 'file'), 'x\n');
      git('add', 'file');
      git('commit', '--quiet', '-m', 'x');
      git(
        'replace',
        git('rev-parse', 'HEAD').trim(),
        git('commit-tree', '-m', 'other', 'HEAD^{tree}').trim(),
      );
      return directory;
    },
  },
  {
    name: 'an object format that git does not know',
    make: needs('[core]', '\trepositoryFormatVersion = 1', '[extensions]', '\tobjectFormat = sha512'),
    refusal: /objects of the format sha512, and banger knows sha1 and sha256; /,
  },
  {
    name: 'refs in a reftable',
    make: needs('[core]', '\trepositoryFormatVersion = 1', '[extensions]', '\trefStorage = reftable'),
    refusal:
      /keeps its refs in a reftable, which banger cannot read; run `git -C .* refs migrate --ref-format=files`/,
  },
  {
    name: "refs in a reftable, in another user's checkout",
    make(scene) {
      needs('[core]', '\trepositoryFormatVersion = 1', '[extensions]', '\trefStorage = reftable')(scene);
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, scene.repo]);
      configureUser(scene, '[safe]', `\tdirectory = ${scene.repo}`);
      return undefined;
    },
    refusal: /keeps its refs in a reftable/,
  },
  {
    name: 'an extension that git does not know',
    make: needs('[core]', '\trepositoryFormatVersion = 1', '[extensions]', '\tlater = true'),
    refusal: /uses the extension later of git's format, which banger does not know; /,
  },
  {
    name: 'a newer version of the format',
    make: needs('[core]', '\trepositoryFormatVersion = 99'),
    refusal: /has version 99 of git's format, and banger knows 0 and 1; /,
  },
  {
    name: "another user's checkout",
    make: inRepo(({ repo }) => execFileSync('chown', ['-R', `${nobody}:${nobody}`, repo])),
    refusal: /belongs to another user; .*safe\.directory/,
  },
  {
    name: "another user's checkout that safe.directory names",
    make: inRepo((scene) => {
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, scene.repo]);
      configureUser(scene, '[safe]', `\tdirectory = ${scene.repo}`);
    }),
  },
];
