import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { takeForWorkTree } from './elsewhere.ts';
import { type Kind, placeFile } from './kinds.ts';
import type { Scene } from './scene.ts';
import type { Attack, Vector } from './vector.ts';

const log = (scene: Scene, directory = scene.repo) =>
  scene.git('-C', directory, '-c', 'safe.directory=*', 'log', '--format=%B', 'HEAD', '--');

/** Puts something in the place of the checkout's git directory. */
function replaceGit(scene: Scene, put: (dotGit: string, victimGit: string) => void): Attack {
  const victim = scene.victim();
  rmSync(scene.gitDirectory, { recursive: true });
  put(scene.gitDirectory, join(victim, '.git'));
  return { plain: () => log(scene) };
}

/** An entry of `worktrees` in another repository, made as git makes it. */
function entryOf(victimGit: string, gitdir: string): string {
  const entry = join(victimGit, 'worktrees', 'linked');
  mkdirSync(entry, { recursive: true });
  writeFileSync(join(entry, 'HEAD'), readFileSync(join(victimGit, 'refs/heads/main')));
  writeFileSync(join(entry, 'commondir'), '../..\n');
  writeFileSync(join(entry, 'gitdir'), `${gitdir}\n`);
  return entry;
}

/** A git directory in the checkout that takes its objects and refs from another repository. */
function forgedEntry(scene: Scene, directory: string): Attack {
  return replaceGit(scene, (dotGit, victimGit) => {
    const entry = join(scene.repo, directory);
    mkdirSync(entry, { recursive: true });
    writeFileSync(join(entry, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(entry, 'commondir'), `${victimGit}\n`);
    writeFileSync(join(entry, 'gitdir'), `${dotGit}\n`);
    writeFileSync(dotGit, `gitdir: ${entry}\n`);
  });
}

const gitfiles: Vector[] = [
  {
    name: '.git: a link to that of another repository',
    make: (scene) => replaceGit(scene, (dotGit, victimGit) => symlinkSync(victimGit, dotGit)),
  },
  {
    name: '.git: a link to a git directory elsewhere, without a repository around it',
    make: (scene) =>
      replaceGit(scene, (dotGit, victimGit) => {
        const elsewhere = join(scene.outside, 'elsewhere.git');
        renameSync(victimGit, elsewhere);
        symlinkSync(elsewhere, dotGit);
      }),
  },
  {
    name: 'gitfile: another repository, absolute',
    make: (scene) =>
      replaceGit(scene, (dotGit, victimGit) => writeFileSync(dotGit, `gitdir: ${victimGit}\n`)),
  },
  {
    name: 'gitfile: another repository, relative',
    make: (scene) =>
      replaceGit(scene, (dotGit, victimGit) =>
        writeFileSync(dotGit, `gitdir: ${relative(scene.repo, victimGit)}\n`),
      ),
  },
  {
    name: "gitfile: another repository's entry of a linked work tree",
    make: (scene) =>
      replaceGit(scene, (dotGit, victimGit) =>
        writeFileSync(dotGit, `gitdir: ${entryOf(victimGit, join(scene.place.host, 'linked/.git'))}\n`),
      ),
  },
  {
    name: "gitfile: another repository's entry whose place is a link to the checkout's",
    make: (scene) =>
      replaceGit(scene, (dotGit, victimGit) => {
        const entry = entryOf(victimGit, join(scene.place.host, 'linked/.git'));
        writeFileSync(dotGit, `gitdir: ${entry}/../linked\n`);
      }),
  },
  ...(['link', 'fifo', 'huge', 'foreign'] satisfies Kind[]).map(
    (kind): Vector => ({
      name: `gitfile: ${kind}`,
      make(scene) {
        const victim = scene.victim();
        rmSync(scene.gitDirectory, { recursive: true });
        const attack = placeFile(scene, scene.gitDirectory, `gitdir: ${victim}/.git\n`, kind);
        return kind === 'fifo' || kind === 'huge'
          ? { ...attack, secret: scene.canary }
          : { plain: () => log(scene) };
      },
    }),
  ),
  {
    name: 'gitfile: device',
    make(scene) {
      rmSync(scene.gitDirectory, { recursive: true });
      return placeFile(scene, scene.gitDirectory, '', 'device');
    },
  },
];

const commonDirectories: Vector[] = [
  { name: 'commondir: forged entry in the checkout', make: (scene) => forgedEntry(scene, 'forged') },
  {
    name: 'commondir: forged entry below a directory `worktrees` of the checkout',
    make: (scene) => forgedEntry(scene, 'forged/worktrees/linked'),
  },
  {
    name: 'commondir: relative, in .git itself',
    make(scene) {
      rmSync(join(scene.gitDirectory, 'index'));
      scene.write('commondir', `${relative(scene.gitDirectory, join(scene.victim(), '.git'))}\n`);
      return { plain: () => log(scene) };
    },
  },
  {
    name: "worktrees/: a link to another repository's",
    make(scene) {
      const victimGit = join(scene.victim(), '.git');
      const linked = join(scene.repo, 'linked');
      mkdirSync(linked);
      entryOf(victimGit, join(linked, '.git'));
      symlinkSync(join(victimGit, 'worktrees'), join(scene.gitDirectory, 'worktrees'));
      writeFileSync(join(linked, '.git'), 'gitdir: ../.git/worktrees/linked\n');
      return { plain: () => log(scene, linked), source: linked };
    },
  },
  {
    name: 'modules/: a link to another repository',
    make(scene) {
      const victimGit = join(scene.victim(), '.git');
      const sub = join(scene.repo, 'sub');
      mkdirSync(sub);
      mkdirSync(join(scene.gitDirectory, 'modules'));
      symlinkSync(victimGit, join(scene.gitDirectory, 'modules/sub'));
      writeFileSync(join(sub, '.git'), 'gitdir: ../.git/modules/sub\n');
      return { plain: () => log(scene, sub), source: sub };
    },
  },
  {
    name: 'gitfile: another checkout of the user in this one',
    make(scene) {
      const victim = scene.victim();
      rmSync(scene.gitDirectory, { recursive: true });
      cpSync(victim, join(scene.repo, 'private'), { recursive: true });
      writeFileSync(scene.gitDirectory, 'gitdir: private/.git\n');
      return { plain: () => log(scene) };
    },
  },
  {
    name: 'gitfile: a git directory in the checkout with consent of its own and alternates',
    make(scene) {
      const victim = scene.victim();
      const inside = join(scene.repo, 'inside.git');
      scene.write('refs/heads/main', readFileSync(join(victim, '.git/refs/heads/main')));
      scene.write('objects/info/alternates', `${victim}/.git/objects\n`);
      scene.configure('[core]', `\tworktree = ${scene.repo}`);
      renameSync(scene.gitDirectory, inside);
      writeFileSync(scene.gitDirectory, 'gitdir: inside.git\n');
      return { plain: () => log(scene) };
    },
  },
];

const enclosing: Vector[] = [
  ...(['bare = false', ''] as const).map(
    (bare): Vector => ({
      name: `an embedded bare repository${bare && ', which says that it is not,'} names a work tree`,
      make(scene) {
        const inside = join(scene.repo, 'vendor/evil');
        const { outside } = scene;
        cpSync(scene.gitDirectory, inside, { recursive: true });
        writeFileSync(join(inside, 'config'), `[core]\n\t${bare}\n\tworktree = ${outside}\n`);
        return { ...takeForWorkTree(scene, outside, inside, inside), source: inside, touched: ['vendor'] };
      },
    }),
  ),
  {
    name: 'a repository in a parent directory names a work tree above itself',
    make(scene) {
      const below = join(scene.repo, 'below');
      mkdirSync(below);
      scene.configure('[core]', '\tworktree = ../..');
      return { ...takeForWorkTree(scene, scene.place.host, below), source: below };
    },
  },
  {
    name: 'a gitfile in a parent directory names another repository',
    make(scene) {
      const below = join(scene.repo, 'below');
      mkdirSync(below);
      const attack = replaceGit(scene, (dotGit, victimGit) =>
        writeFileSync(dotGit, `gitdir: ${victimGit}\n`),
      );
      return { ...attack, source: below };
    },
  },
];

/** Alternates, in the forms that git reads. */
const alternates: Vector[] = (
  [
    ['relative', (from: string, to: string) => relative(from, to), false],
    ['quoted', (_: string, to: string) => `"${to.replace('victim', '\\166ictim')}"`, false],
    ['after a comment', (_: string, to: string) => `# none\n${to}`, false],
    ['through a link in the checkout', (_: string, to: string) => to, true],
  ] as const
).map(
  ([how, write, byLink]): Vector => ({
    name: `objects/info/alternates: ${how}`,
    make(scene) {
      const objects = join(scene.victim(), '.git/objects');
      const link = join(scene.repo, 'objects');
      if (byLink) symlinkSync(objects, link);
      scene.write('refs/heads/main', readFileSync(join(scene.place.host, 'victim/.git/refs/heads/main')));
      const text = write(join(scene.gitDirectory, 'objects'), byLink ? link : objects);
      scene.write('objects/info/alternates', `${text}\n`);
      return { plain: () => log(scene) };
    },
  }),
);

export const locationVectors: Vector[] = [...gitfiles, ...commonDirectories, ...enclosing, ...alternates];
