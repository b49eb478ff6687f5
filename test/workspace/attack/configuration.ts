import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { takeForWorkTree } from './elsewhere.ts';
import { nobody } from './kinds.ts';
import type { Scene } from './scene.ts';
import type { Attack, Vector } from './vector.ts';

/** Where the lines of a setting stand. */
type Scope = 'local' | 'worktree' | 'include' | 'includeIf';

/** A setting of a repository that leads elsewhere. */
interface Setting {
  name: string;
  /** @returns its lines, and how to read plainly what it names */
  make(scene: Scene): Attack & { lines: string[] };
  /** Where else than in the repository's own configuration git honours it. */
  scopes?: Scope[];
  more?: boolean;
}

const anywhere: Scope[] = ['worktree', 'include', 'includeIf'];

/** Settings that name a file or directory, which git would read. */
const paths: [key: string, scopes: Scope[], more: boolean][] = [
  ['core.excludesFile', anywhere, false],
  ['core.attributesFile', anywhere, false],
  ['commit.template', ['include'], false],
  ['core.hooksPath', [], false],
  ['init.templateDir', [], false],
  ['mailmap.file', [], false],
  ['diff.orderFile', [], true],
  ['blame.ignoreRevsFile', [], true],
  ['http.cookieFile', [], true],
  ['gpg.ssh.allowedSignersFile', [], true],
  ['user.signingKey', [], true],
  ['credential.store', [], true],
];

const workTrees: [how: string, scopes: Scope[], choose: (scene: Scene) => [written: string, top: string]][] =
  [
    ['absolute', ['worktree'], ({ outside }) => [outside, outside]],
    ['absolute, above', ['worktree'], ({ place }) => [place.host, place.host]],
    ['relative', [], ({ gitDirectory, outside }) => [relative(gitDirectory, outside), outside]],
    ['..', ['worktree'], ({ place }) => ['../..', place.host]],
    ['/', [], () => ['/', '/']],
  ];

const settings: Setting[] = [
  ...workTrees.map(
    ([how, scopes, choose]): Setting => ({
      name: `core.worktree: ${how}`,
      make(scene) {
        const [written, top] = choose(scene);
        return { ...takeForWorkTree(scene, top), lines: ['[core]', `\tworktree = ${written}`] };
      },
      scopes,
    }),
  ),
  {
    name: 'core.worktree beside core.bare',
    make: (scene) => ({
      ...takeForWorkTree(scene, scene.place.host),
      lines: ['[core]', '\tbare = false', `\tworktree = ${scene.place.host}`],
    }),
    more: true,
  },
  {
    name: 'core.bare',
    make: (scene) => ({
      lines: ['[core]', '\tbare = true', `[test]\n\tnote = ${scene.canary}`],
      plain: () => `${scene.git('rev-parse', '--is-bare-repository')}${scene.git('config', 'test.note')}`,
      finds: `true\n${scene.canary}`,
    }),
    scopes: ['worktree'],
  },
  ...paths.map(
    ([key, scopes, more]): Setting => ({ name: key, make: (scene) => path(scene, key), scopes, more }),
  ),
  ...(['absolute', 'relative', '~'] as const).map(
    (how): Setting => ({
      name: `include.path: ${how}`,
      make: (scene) => include(scene, '[include]', how),
      scopes: how === 'absolute' ? anywhere : [],
    }),
  ),
  ...['gitdir:**', 'gitdir/i:**', 'onbranch:main', 'hasconfig:remote.*.url:https://example.org/*'].map(
    (condition): Setting => ({
      name: `includeIf ${condition}`,
      make(scene) {
        scene.git('remote', 'add', 'origin', 'https://example.org/a.git');
        return include(scene, `[includeIf "${condition}"]`, 'absolute');
      },
      scopes: condition === 'gitdir:**' ? ['worktree'] : [],
    }),
  ),
  {
    name: 'include.path: a link in the checkout',
    make(scene) {
      const attack = include(scene, '[include]', 'absolute');
      symlinkSync(join(scene.outside, 'settings'), join(scene.gitDirectory, 'settings'));
      return { ...attack, lines: ['[include]', '\tpath = settings'] };
    },
  },
  {
    name: 'url.….insteadOf: another repository',
    make: (scene) => ({
      lines: [`[url "${withTag(scene)}"]`, '\tinsteadOf = https://example.org/a.git'],
      plain: () => scene.git('ls-remote', 'https://example.org/a.git'),
    }),
  },
  {
    name: 'remote.….url: another repository',
    make: (scene) => ({
      lines: [
        '[remote "origin"]',
        `\turl = ${withTag(scene)}`,
        '\tfetch = +refs/heads/*:refs/remotes/origin/*',
      ],
      plain: () => scene.git('ls-remote', 'origin'),
    }),
  },
  {
    name: 'extensions.partialClone: objects of another repository',
    make(scene) {
      const victim = scene.victim();
      const commit = readFileSync(join(victim, '.git/refs/heads/main'));
      scene.git('-C', victim, 'config', 'uploadpack.allowFilter', 'true');
      scene.git('-C', victim, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
      const plain = () => {
        const text = scene.git('log', '--format=%B', 'refs/heads/main', '--');
        // What was fetched then would now be an object of the repository's own.
        rmSync(join(scene.gitDirectory, 'objects/pack'), { recursive: true });
        return text;
      };
      scene.write('refs/heads/main', commit);
      const lines = ['[extensions]', '\tpartialClone = origin', '[remote "origin"]', `\turl = ${victim}`];
      return { plain, lines: [...lines, '\tpromisor = true', '\tpartialCloneFilter = blob:none'] };
    },
  },
  {
    name: 'alternates beside remote.….url: a local clone',
    make(scene) {
      const victim = scene.victim();
      scene.write('refs/heads/main', readFileSync(join(victim, '.git/refs/heads/main')));
      scene.write('objects/info/alternates', `${victim}/.git/objects\n`);
      const plain = () => scene.git('log', '--format=%B', 'refs/heads/main', '--');
      return { plain, lines: ['[remote "origin"]', `\turl = ${victim}`] };
    },
  },
  {
    name: 'safe.directory in a repository of another user',
    make(scene) {
      execFileSync('chown', ['-R', `${nobody}:${nobody}`, scene.repo]);
      return {
        lines: ['[safe]', '\tdirectory = *', '[user]', `\tname = ${scene.canary}`],
        plain: () => scene.git('-c', `safe.directory=${scene.repo}`, 'config', 'user.name'),
      };
    },
  },
];

export const configurationVectors: Vector[] = settings.flatMap(({ name, make, scopes = [], more = false }) =>
  (['local', ...scopes] as const).map((scope) => ({
    name: `${name} (${scope})`,
    make(scene: Scene): Attack {
      const { lines, ...attack } = make(scene);
      configure(scene, scope, lines);
      return attack;
    },
    more,
  })),
);

function configure(scene: Scene, scope: Scope, lines: string[]): void {
  const text = `${lines.join('\n')}\n`;
  if (scope === 'local') scene.configure(...lines);
  else if (scope === 'worktree') {
    scene.configure('[extensions]', '\tworktreeConfig = true');
    scene.write('config.worktree', text);
  } else {
    // A file of the checkout: that it is included is not the fault, but what it says.
    scene.write('more', text);
    scene.configure(scope === 'include' ? '[include]' : '[includeIf "onbranch:main"]', '\tpath = more');
  }
}

function path(scene: Scene, key: string): Attack & { lines: string[] } {
  const isDirectory = key.endsWith('Dir') || key.endsWith('Path');
  const named = join(scene.outside, 'named');
  const file = isDirectory ? join(named, 'file') : named;
  if (isDirectory) mkdirSync(named);
  writeFileSync(file, `# ${scene.canary}\n`);
  const dot = key.lastIndexOf('.');
  const [section = '', subsection] = key.slice(0, dot).split('.');
  const head = subsection === undefined ? `[${section}]` : `[${section} "${subsection}"]`;
  return {
    lines: [head, `\t${key.slice(dot + 1)} = ${named}`],
    plain() {
      const found = scene.git('config', '--type=path', '--get', key).trim();
      return readFileSync(isDirectory ? join(found, 'file') : found);
    },
  };
}

function include(
  scene: Scene,
  head: string,
  how: 'absolute' | 'relative' | '~',
): Attack & { lines: string[] } {
  const file = join(scene.outside, 'settings');
  writeFileSync(file, `[user]\n\tname = ${scene.canary}\n`);
  const names = {
    absolute: file,
    relative: relative(scene.gitDirectory, file),
    '~': `~/${relative(scene.place.host, file)}`,
  };
  return { lines: [head, `\tpath = ${names[how]}`], plain: () => scene.git('config', 'user.name') };
}

/** Another repository, with a tag that has the canary's name. */
function withTag(scene: Scene): string {
  const victim = scene.victim();
  const commit = readFileSync(join(victim, '.git/refs/heads/main'));
  mkdirSync(join(victim, '.git/refs/tags'));
  writeFileSync(join(victim, '.git/refs/tags', scene.canary), commit);
  return victim;
}
