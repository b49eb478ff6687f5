import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type DirectoryKind, type Kind, placeDirectory, placeFile } from './kinds.ts';
import { writeTag } from './objects.ts';
import type { Scene } from './scene.ts';
import type { Attack, Vector } from './vector.ts';

/** A file below the git directory. */
interface MetadataFile {
  name: string;
  /** The file in its own format, with the canary in it or behind what it names. */
  content(scene: Scene): Buffer | string;
  /** What git says of it, if reading the file does not show the canary by itself. */
  shows?(scene: Scene): string;
  /** What must not arrive, if it is not the canary. */
  secret?(scene: Scene): string;
  /** Whether its content is copied as text, so that any file can stand in for it. */
  isText?: boolean;
}

const main = (scene: Scene) => scene.git('rev-parse', 'refs/heads/main').trim();
const log = (scene: Scene) => scene.git('log', '--format=%B', 'refs/heads/main', '--');

const files: MetadataFile[] = [
  {
    name: 'HEAD',
    content(scene) {
      scene.write(`refs/heads/${scene.canary}`, `${main(scene)}\n`);
      return `ref: refs/heads/${scene.canary}\n`;
    },
    isText: true,
  },
  {
    name: 'config',
    content: ({ gitDirectory, canary }) =>
      `${readFileSync(join(gitDirectory, 'config'), 'utf8')}[user]\n\tname = ${canary}\n`,
  },
  {
    name: 'config.worktree',
    content(scene) {
      scene.configure('[extensions]', '\tworktreeConfig = true');
      return `[user]\n\tname = ${scene.canary}\n`;
    },
  },
  { name: 'packed-refs', content: (scene) => `${main(scene)} refs/tags/${scene.canary}\n` },
  { name: 'refs/heads/main', content: (scene) => `${scene.strayCommit()}\n`, shows: log },
  {
    name: 'refs/tags/x',
    content: (scene) => `${writeTag(scene.gitDirectory, main(scene), scene.canary)}\n`,
    shows: (scene) => scene.git('cat-file', 'tag', 'refs/tags/x'),
  },
  {
    name: 'logs/HEAD',
    content: (scene) =>
      `${main(scene)} ${main(scene)} Eve <eve@example.org> 1600000000 +0000\t${scene.canary}\n`,
  },
  {
    name: 'index',
    content(scene) {
      const entry = `100644,${scene.git('rev-parse', 'HEAD:README').trim()},${scene.canary}`;
      scene.git('update-index', '--add', '--cacheinfo', entry);
      return readFileSync(join(scene.gitDirectory, 'index'));
    },
    isText: true,
  },
  { name: 'info/exclude', content: ({ canary }) => `# ${canary}\n`, isText: true },
  {
    name: 'info/sparse-checkout',
    content(scene) {
      scene.configure('[core]', '\tsparseCheckout = true');
      return `/*\n# ${scene.canary}\n`;
    },
    isText: true,
  },
  { name: 'info/attributes', content: ({ canary }) => `README ${canary}\n` },
  { name: 'info/grafts', content: (scene) => `${main(scene)} ${scene.strayCommit()}\n`, shows: log },
  {
    name: 'shallow',
    content: (scene) => `${main(scene)}\n${asId(scene.canary)}\n`,
    secret: (scene) => asId(scene.canary),
    isText: true,
  },
  {
    name: 'MERGE_HEAD',
    content: (scene) => `${scene.strayCommit()}\n`,
    shows: (scene) => scene.git('log', '-1', '--format=%B', 'MERGE_HEAD'),
  },
  { name: 'MERGE_MSG', content: ({ canary }) => `${canary}\n`, isText: true },
  { name: 'MERGE_MODE', content: ({ canary }) => `${canary}\n`, isText: true },
  {
    name: 'objects/info/alternates',
    content: (scene) => {
      const victim = scene.victim();
      const commit = readFileSync(join(victim, '.git/refs/heads/main'));
      scene.write('refs/heads/main', commit);
      return `${victim}/.git/objects\n`;
    },
    shows: log,
  },
  { name: 'objects/info/http-alternates', content: ({ canary }) => `https://example.org/${canary}\n` },
  { name: 'objects/info/commit-graph', content: ({ canary }) => canary },
  {
    name: 'commondir',
    content(scene) {
      rmSync(join(scene.gitDirectory, 'index'));
      return `${scene.victim()}/.git\n`;
    },
    shows: log,
  },
  { name: 'gitdir', content: ({ canary, repo }) => `${repo}/.git\n${canary}\n` },
];

/** Directories below the git directory. `hooks` is not among them: it is never read. */
const directories = [
  'refs',
  'refs/heads',
  'refs/tags',
  'objects',
  'objects/pack',
  'objects/info',
  'info',
  'logs',
];

const fileKinds: Kind[] = ['link', 'fifo', 'device', 'directory', 'huge', 'foreign'];
const directoryKinds: DirectoryKind[] = ['link', 'fifo', 'file', 'foreign'];
/** Files and directories with which every kind runs always; the others have links and FIFOs, and all with `more`. */
const thorough = new Set(['config', 'index', 'info/exclude', 'objects', 'refs/heads']);
const withFifo = new Set(['HEAD', 'refs/heads/main', 'MERGE_MSG', 'objects/info/alternates', 'commondir']);
const withEnvironment = new Set(['info/exclude', 'MERGE_MSG']);

function fileVector(file: MetadataFile, kind: Kind): Vector {
  return {
    name: `${file.name}: ${kind}`,
    make(scene) {
      const content = file.content(scene);
      const attack = placeFile(scene, join(scene.gitDirectory, file.name), content, kind);
      const { shows } = file;
      const isRead = kind === 'link' || kind === 'foreign';
      if (shows && isRead) return { plain: () => shows(scene) };
      const secret = file.secret?.(scene);
      return secret === undefined ? attack : { secret, ...attack };
    },
    more: kind !== 'link' && !thorough.has(file.name) && !(kind === 'fifo' && withFifo.has(file.name)),
  };
}

function directoryVector(name: string, kind: DirectoryKind): Vector {
  return {
    name: `${name}/: ${kind}`,
    make(scene): Attack {
      const path = join(scene.gitDirectory, name);
      const stray = scene.strayCommit();
      const tag = writeTag(scene.gitDirectory, main(scene), scene.canary);
      if (name === 'info') scene.write('info/exclude', `# ${scene.canary}\n`);
      if (name === 'refs' || name === 'refs/heads') scene.write('refs/heads/main', `${stray}\n`);
      if (name === 'refs/tags') scene.write('refs/tags/x', `${tag}\n`);
      mkdirSync(path, { recursive: true });
      return placeDirectory(scene, path, kind);
    },
    more: kind !== 'link' && !thorough.has(name),
  };
}

/** Objects of another repository, by links at the places where objects lie. */
const objects: Vector[] = [
  {
    name: 'objects/ linked to those of another repository',
    make(scene) {
      const victim = takeVictimsBranch(scene);
      rmSync(join(scene.gitDirectory, 'objects'), { recursive: true });
      placeLink(scene, 'objects', join(victim, '.git/objects'));
      return { plain: () => log(scene) };
    },
  },
  {
    name: 'objects/xx linked to those of another repository',
    make(scene) {
      const victim = takeVictimsBranch(scene);
      for (const name of readdirSync(join(victim, '.git/objects')).filter((one) => one.length === 2)) {
        rmSync(join(scene.gitDirectory, 'objects', name), { recursive: true, force: true });
        placeLink(scene, `objects/${name}`, join(victim, '.git/objects', name));
      }
      return { plain: () => log(scene) };
    },
  },
  {
    name: 'objects/xx/…: each a link to one of another repository',
    make(scene) {
      const victim = takeVictimsBranch(scene);
      for (const name of looseObjects(victim)) {
        placeLink(scene, `objects/${name}`, join(victim, '.git/objects', name));
      }
      return { plain: () => log(scene) };
    },
  },
  ...(['objects/pack', 'objects/pack/*.pack', 'objects/pack/*.idx'] as const).map(
    (what): Vector => ({
      name: `${what} linked to those of another repository`,
      make(scene) {
        const victim = takeVictimsBranch(scene);
        scene.git('-C', victim, 'repack', '-a', '-d', '-q');
        const from = join(victim, '.git/objects/pack');
        const to = join(scene.gitDirectory, 'objects/pack');
        if (what === 'objects/pack') {
          rmSync(to, { recursive: true });
          placeLink(scene, what, from);
        } else {
          for (const name of readdirSync(from)) {
            if (name.endsWith(what.slice(what.lastIndexOf('.')))) {
              placeLink(scene, `objects/pack/${name}`, join(from, name));
            } else cpSync(join(from, name), join(to, name));
          }
        }
        return { plain: () => log(scene) };
      },
    }),
  ),
  {
    name: 'objects/pack/multi-pack-index names a pack elsewhere',
    make(scene) {
      const victim = takeVictimsBranch(scene);
      scene.git('-C', victim, 'repack', '-a', '-d', '-q');
      const packs = join(scene.gitDirectory, 'objects/pack');
      cpSync(join(victim, '.git/objects/pack'), packs, { recursive: true });
      scene.git('multi-pack-index', 'write');
      const [name = ''] = readdirSync(packs).filter((one) => one.endsWith('.idx'));
      // The name in the file stays as long as it was.
      const there = `${relative(packs, scene.outside)}/`;
      const other = `${there}${'x'.repeat(name.length - there.length - '.idx'.length)}.idx`;
      const index = readFileSync(join(packs, 'multi-pack-index'));
      index.write(other, index.indexOf(name), 'latin1');
      rmSync(join(packs, 'multi-pack-index'));
      writeFileSync(join(packs, 'multi-pack-index'), index);
      for (const end of ['.idx', '.pack']) {
        renameSync(join(packs, name.replace('.idx', end)), join(packs, other.replace('.idx', end)));
      }
      return { plain: () => log(scene) };
    },
  },
  {
    name: 'sharedindex.*: link',
    make(scene) {
      scene.git('config', 'core.splitIndex', 'true');
      const blob = scene.git('rev-parse', 'HEAD:README').trim();
      scene.git('update-index', '--add', '--cacheinfo', `100644,${blob},${scene.canary}`);
      scene.git('update-index', '--split-index');
      const [name = ''] = readdirSync(scene.gitDirectory).filter((one) => one.startsWith('sharedindex.'));
      const content = readFileSync(join(scene.gitDirectory, name));
      placeFile(scene, join(scene.gitDirectory, name), content, 'link');
      return { plain: () => scene.git('ls-files') };
    },
  },
];

export const metadataVectors: Vector[] = [
  ...files.flatMap((file) => fileKinds.map((kind) => fileVector(file, kind))),
  ...files
    .filter((file) => file.isText)
    .map((file) => ({ ...fileVector(file, 'environ'), more: !withEnvironment.has(file.name) })),
  ...directories.flatMap((name) => directoryKinds.map((kind) => directoryVector(name, kind))),
  ...objects,
];

/** A canary for where only the id of an object can stand. */
function asId(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function takeVictimsBranch(scene: Scene): string {
  const victim = scene.victim();
  scene.write('refs/heads/main', readFileSync(join(victim, '.git/refs/heads/main')));
  // What they name would not be there.
  for (const name of ['index', 'refs/tags']) rmSync(join(scene.gitDirectory, name), { recursive: true });
  return victim;
}

function looseObjects(victim: string): string[] {
  const top = join(victim, '.git/objects');
  return readdirSync(top, { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 10);
}

function placeLink(scene: Scene, name: string, to: string): void {
  const path = join(scene.gitDirectory, name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(to, path);
}
