import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemCode } from '../../../src/common/errors.ts';
import { type Kind, placeFile } from './kinds.ts';
import type { Vector } from './vector.ts';

/** Files of a work tree that git reads to know what to do. */
const readByGit: [name: string, kinds: Kind[]][] = [
  ['.gitignore', ['link', 'fifo', 'device', 'huge', 'directory']],
  ['src/.gitignore', ['link', 'fifo']],
  ['.gitattributes', ['link', 'fifo', 'device']],
  ['.gitmodules', ['link', 'fifo']],
  ['.mailmap', ['link']],
];

export const workTreeVectors: Vector[] = [
  ...readByGit.flatMap(([name, kinds]) =>
    kinds.map(
      (kind): Vector => ({
        name: `work tree, ${name}: ${kind}`,
        make(scene) {
          // It ignores itself: of a huge one, nothing is to be sent.
          const content = `.gitignore\n# ${scene.canary}\n`;
          return { ...placeFile(scene, join(scene.repo, name), content, kind), touched: [name] };
        },
        more: kind === 'directory' || (kind === 'device' && name !== '.gitignore'),
      }),
    ),
  ),
  ...(['link', 'fifo', 'device', 'environ'] satisfies Kind[]).map(
    (kind): Vector => ({
      name: `work tree, a tracked file: ${kind}`,
      make: (scene) => ({
        ...placeFile(scene, join(scene.repo, 'data/one'), `${scene.canary}\n`, kind),
        touched: ['data/one'],
      }),
    }),
  ),
  ...(['link', 'fifo', 'device'] satisfies Kind[]).map(
    (kind): Vector => ({
      name: `work tree, an untracked file: ${kind}`,
      make: (scene) => ({
        ...placeFile(scene, join(scene.repo, 'untracked'), `${scene.canary}\n`, kind),
        touched: ['untracked'],
      }),
      more: kind === 'device',
    }),
  ),
  ...(['data', 'src'] as const).map(
    (name): Vector => ({
      name: `work tree, the tracked directory ${name}: a link to one with files of the same names`,
      make(scene) {
        const there = join(scene.outside, name);
        renameSync(join(scene.repo, name), there);
        for (const file of ['one', 'two', 'a.c', 'b.c'])
          writeFileSync(join(there, file), `${scene.canary}\n`);
        symlinkSync(there, join(scene.repo, name));
        const file = name === 'data' ? 'data/one' : 'src/a.c';
        return { plain: () => readFileSync(join(scene.repo, file)), touched: [name] };
      },
      more: name === 'src',
    }),
  ),
  {
    name: 'work tree, a tracked file: a socket',
    make(scene) {
      const path = join(scene.repo, 'data/one');
      rmSync(path);
      const listen =
        'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))';
      spawnSync(process.execPath, ['-e', listen, path], { stdio: 'ignore' });
      return { plain: () => errorOfReading(path), finds: 'ENXIO', secret: '', touched: ['data/one'] };
    },
  },
  {
    name: 'work tree, an untracked directory: a link',
    make(scene) {
      mkdirSync(join(scene.outside, 'directory'));
      writeFileSync(join(scene.outside, 'directory/secret'), scene.canary);
      symlinkSync(join(scene.outside, 'directory'), join(scene.repo, 'more'));
      return { plain: () => readFileSync(join(scene.repo, 'more/secret')), touched: ['more'] };
    },
  },
];

function errorOfReading(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    return getSystemCode(error) ?? 'none';
  }
}
