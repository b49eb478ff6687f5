import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { git, makeRepository } from '../support.ts';
import { nobody } from './kinds.ts';

/** A home with a repository in it, from which a layout is made. */
export interface Layout {
  home: string;
  /** A plain repository with two commits, a tag and an untracked file. */
  repo: string;
  git(...args: string[]): string;
}

/** A layout of files that git supports and people have. */
export interface LegitimateLayout {
  name: string;
  /** @returns the directory that is prepared */
  make(layout: Layout): string;
  /** What a refusal says, where one is right: then its command is run, and the next prepare works. */
  refusal?: RegExp;
}

export const layouts: LegitimateLayout[] = [
  { name: 'a plain repository', make: ({ repo }) => repo },
  {
    name: 'a directory in a checkout',
    make: ({ repo }) => join(repo, 'src'),
  },
  {
    name: 'a linked work tree',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      return dirty(join(layout.home, 'linked'));
    },
  },
  {
    name: 'a directory in a linked work tree',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      return join(layout.home, 'linked/src');
    },
  },
  {
    name: 'a linked work tree with relative paths',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      const linked = join(layout.home, 'linked');
      const entry = join(layout.repo, '.git/worktrees/linked');
      // As `worktree.useRelativePaths` makes them, which not every git has.
      writeFileSync(join(linked, '.git'), `gitdir: ${relative(linked, entry)}\n`);
      writeFileSync(join(entry, 'gitdir'), `${relative(entry, join(linked, '.git'))}\n`);
      return dirty(linked);
    },
  },
  {
    name: 'a linked work tree of a bare repository',
    make({ home, repo }) {
      git(home, 'clone', '--quiet', '--bare', repo, 'bare.git');
      git(join(home, 'bare.git'), 'worktree', 'add', '--quiet', '../linked', 'main');
      return dirty(join(home, 'linked'));
    },
  },
  {
    name: 'a linked work tree beside a gitfile that names the bare repository',
    make({ home, repo }) {
      git(home, 'clone', '--quiet', '--bare', repo, 'project/.bare');
      writeFileSync(join(home, 'project/.git'), 'gitdir: ./.bare\n');
      git(join(home, 'project'), 'worktree', 'add', '--quiet', 'main');
      return dirty(join(home, 'project/main'));
    },
  },
  {
    name: 'a linked work tree that was moved',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      renameSync(join(layout.home, 'linked'), join(layout.home, 'moved'));
      return join(layout.home, 'moved');
    },
    refusal: /worktree repair/,
  },
  {
    name: 'a repository that was moved away from its linked work tree',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      renameSync(layout.repo, join(layout.home, 'moved'));
      return join(layout.home, 'moved');
    },
  },
  {
    name: 'a linked work tree with configuration of its own',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      layout.git('config', 'extensions.worktreeConfig', 'true');
      const linked = join(layout.home, 'linked');
      git(linked, 'config', '--worktree', 'user.name', 'Worktree');
      return dirty(linked);
    },
  },
  {
    name: 'a separate git directory that names its work tree',
    make(layout) {
      layout.git('init', '--quiet', '--separate-git-dir', join(layout.home, 'separate.git'));
      layout.git('config', 'core.worktree', layout.repo);
      return layout.repo;
    },
  },
  {
    name: 'a separate git directory that names its work tree by a relative path',
    make(layout) {
      layout.git('init', '--quiet', '--separate-git-dir', join(layout.home, 'separate.git'));
      layout.git('config', 'core.worktree', '../repo');
      return layout.repo;
    },
  },
  {
    name: 'a separate git directory that names no work tree',
    make(layout) {
      layout.git('init', '--quiet', '--separate-git-dir', join(layout.home, 'separate.git'));
      return layout.repo;
    },
    refusal: /config core\.worktree/,
  },
  {
    name: 'the checkout of a submodule',
    make: (layout) => dirty(join(addSubmodule(layout), 'sub')),
  },
  {
    name: 'the checkout of a submodule in a submodule',
    make(layout) {
      const inner = makeRepository(join(layout.home, 'inner'));
      commit(inner, 'inner');
      const middle = makeRepository(join(layout.home, 'middle'));
      commit(middle, 'middle');
      addSubmodule({ ...layout, repo: middle }, inner);
      commit(middle, 'with the submodule');
      const outer = makeRepository(join(layout.home, 'outer'));
      addSubmodule({ ...layout, repo: outer }, middle);
      git(outer, ...allowFiles, 'submodule', 'update', '--quiet', '--init', '--recursive');
      return dirty(join(outer, 'sub/sub'));
    },
  },
  {
    name: 'the checkout of a submodule with a git directory of the old kind',
    make(layout) {
      git(layout.home, 'clone', '--quiet', layout.repo, 'outer/sub');
      git(join(layout.home, 'outer'), 'init', '--quiet');
      return dirty(join(layout.home, 'outer/sub'));
    },
  },
  {
    name: "a linked work tree of a submodule's",
    make(layout) {
      const sub = join(addSubmodule(layout), 'sub');
      git(sub, 'worktree', 'add', '--quiet', '-b', 'other', join(layout.home, 'linked'));
      return dirty(join(layout.home, 'linked'));
    },
  },
  {
    name: 'links in the path to the checkout',
    make({ home, repo }) {
      mkdirSync(join(home, 'real'));
      renameSync(repo, join(home, 'real/repo'));
      symlinkSync('real', join(home, 'first'));
      symlinkSync(join(home, 'first/repo/src'), join(home, 'second'));
      return join(home, 'second');
    },
  },
  {
    name: 'a sparse checkout in cone mode',
    make(layout) {
      layout.git('sparse-checkout', 'set', '--cone', 'src');
      return layout.repo;
    },
  },
  {
    name: 'a sparse checkout by patterns',
    make(layout) {
      layout.git('sparse-checkout', 'set', '--no-cone', '/*', '!/data/');
      return layout.repo;
    },
  },
  {
    name: 'a sparse checkout of a linked work tree',
    make(layout) {
      layout.git('worktree', 'add', '--quiet', '-b', 'other', '../linked');
      git(join(layout.home, 'linked'), 'sparse-checkout', 'set', '--cone', 'src');
      return join(layout.home, 'linked');
    },
  },
  {
    name: 'a shallow clone',
    make({ home, repo }) {
      git(home, 'clone', '--quiet', '--depth=1', `file://${repo}`, 'shallow');
      return dirty(join(home, 'shallow'));
    },
  },
  ...(['--shared', '--reference'] as const).map(
    (how): LegitimateLayout => ({
      name: `alternates of clone ${how}`,
      make({ home, repo }) {
        const from = how === '--shared' ? [how, repo] : [how, repo, `file://${repo}`];
        git(home, 'clone', '--quiet', ...from, 'clone');
        return dirty(join(home, 'clone'));
      },
      refusal: /repack -a -d|--dissociate/,
    }),
  ),
  {
    name: 'ignore rules of the user',
    make(layout) {
      git(layout.home, 'config', '--global', 'core.excludesFile', '~/my-rules');
      writeFileSync(join(layout.home, 'my-rules'), '*.mine\n');
      writeFileSync(join(layout.repo, 'a.mine'), 'ignored');
      return layout.repo;
    },
  },
  {
    name: "ignore rules at the user's usual place",
    make(layout) {
      mkdirSync(join(layout.home, '.config/git'), { recursive: true });
      writeFileSync(join(layout.home, '.config/git/ignore'), '*.mine\n');
      writeFileSync(join(layout.repo, 'a.mine'), 'ignored');
      return layout.repo;
    },
  },
  {
    name: "ignore rules of the repository's own",
    make(layout) {
      mkdirSync(join(layout.repo, '.git/info'), { recursive: true });
      appendFileSync(join(layout.repo, '.git/info/exclude'), '*.mine\n');
      writeFileSync(join(layout.repo, 'a.mine'), 'ignored');
      return layout.repo;
    },
  },
  {
    name: "a user's includeIf gitdir:",
    make(layout) {
      const file = join(layout.home, 'work-settings');
      git(layout.home, 'config', '--file', file, 'user.email', 'ann@work.example');
      git(layout.home, 'config', '--global', `includeIf.gitdir:${layout.home}/.path`, file);
      layout.git('config', '--unset', 'user.email');
      return layout.repo;
    },
  },
  {
    name: 'a split index',
    make(layout) {
      layout.git('config', 'core.splitIndex', 'true');
      layout.git('update-index', '--split-index');
      appendFileSync(join(layout.repo, 'README'), 'more\n');
      layout.git('add', 'README');
      return layout.repo;
    },
  },
  {
    name: 'a detached HEAD',
    make(layout) {
      layout.git('checkout', '--quiet', '--detach', 'HEAD~1');
      return layout.repo;
    },
  },
  {
    name: 'a repository without a commit',
    make({ home }) {
      const empty = makeRepository(join(home, 'empty'));
      writeFileSync(join(empty, 'file'), 'x');
      git(empty, 'add', 'file');
      return dirty(empty);
    },
  },
  {
    name: 'object ids of SHA-256',
    make({ home }) {
      const other = makeRepository(join(home, 'other'), '--object-format=sha256');
      commit(other, 'one');
      commit(other, 'two');
      return dirty(other);
    },
  },
  {
    name: 'a clone with a symbolic ref of its remote',
    make({ home, repo }) {
      git(home, 'clone', '--quiet', repo, 'clone');
      const clone = join(home, 'clone');
      git(clone, 'symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
      commit(clone, 'ahead by one');
      return dirty(clone);
    },
  },
  {
    name: 'refs that are all packed',
    make(layout) {
      layout.git('pack-refs', '--all');
      layout.git('gc', '--quiet');
      return layout.repo;
    },
  },
  {
    name: '2,000 loose refs',
    make(layout) {
      const head = layout.git('rev-parse', 'HEAD').trim();
      for (let number = 0; number < 2000; number += 1) {
        const directory = join(layout.repo, `.git/refs/heads/topic-${number % 20}`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, String(number)), `${head}\n`);
      }
      return layout.repo;
    },
  },
  {
    name: "another user's checkout that safe.directory names",
    make(layout) {
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, layout.repo]);
      git(layout.home, 'config', '--global', 'safe.directory', layout.repo);
      return layout.repo;
    },
  },
  {
    name: "another user's checkout",
    make(layout) {
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, layout.repo]);
      return layout.repo;
    },
    refusal: /safe\.directory/,
  },
  {
    name: 'a repository that a group shares',
    make(layout) {
      layout.git('config', 'core.sharedRepository', 'group');
      layout.git('gc', '--quiet');
      commit(layout.repo, 'shared');
      const blob = layout.git('rev-parse', 'HEAD:file').trim();
      const object = join(layout.repo, '.git/objects', blob.slice(0, 2), blob.slice(2));
      execFileSync('chown', [`${nobody}:0`, object]);
      return layout.repo;
    },
    refusal: /chown|safe\.directory/,
  },
  {
    name: 'a merge that was begun',
    make(layout) {
      layout.git('checkout', '--quiet', '-b', 'side', 'HEAD~1');
      commit(layout.repo, 'side');
      layout.git('checkout', '--quiet', 'main');
      layout.git('merge', '--quiet', '--no-commit', '--no-ff', 'side');
      return layout.repo;
    },
  },
  {
    name: 'commit-graph and multi-pack-index',
    make(layout) {
      layout.git('repack', '-q', '-a', '-d');
      layout.git('multi-pack-index', 'write');
      layout.git('commit-graph', 'write', '--reachable');
      commit(layout.repo, 'after');
      return layout.repo;
    },
  },
  {
    name: 'a copy of a checkout',
    make({ home, repo }) {
      cpSync(repo, join(home, 'copy'), { recursive: true, verbatimSymlinks: true });
      rmSync(repo, { recursive: true });
      return join(home, 'copy');
    },
  },
];

const allowFiles = ['-c', 'protocol.file.allow=always'];

/** Adds a submodule `sub`; gives the directory of the repository that has it. */
function addSubmodule({ home, repo }: Layout, from = makeLibrary(home)): string {
  git(repo, ...allowFiles, 'submodule', '--quiet', 'add', from, 'sub');
  return repo;
}

function makeLibrary(home: string): string {
  const library = makeRepository(join(home, 'library'));
  commit(library, 'library');
  return library;
}

/** Changes a file of a checkout and adds one. */
function dirty(directory: string): string {
  writeFileSync(join(directory, 'added'), 'added\n');
  const [first = 'added'] = git(directory, 'ls-files').split('\n').filter(Boolean);
  writeFileSync(join(directory, first), `${readFileSync(join(directory, first), 'utf8')}changed\n`);
  return directory;
}

function commit(directory: string, text: string): void {
  writeFileSync(join(directory, 'file'), `${text}\n`);
  git(directory, 'add', 'file');
  git(directory, '-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', 'commit', '--quiet', '-m', text);
}
