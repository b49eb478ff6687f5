import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';
import type { Attack, Vector } from './vector.ts';

/** How many files the directory has: reading all of them takes many turns of the swapping process. */
const fileCount = 3000;

/**
 * Swaps a directory for a link and back, at most 60 s long. It is a link for a short part of the time, so that who looks
 * first mostly sees a directory.
 */
const swapProgram = `
const { renameSync } = require('node:fs');
const [path] = process.argv.slice(1);
const end = Date.now() + 60000;
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
while (Date.now() < end) {
  renameSync(path, path + '.real');
  renameSync(path + '.link', path);
  pause(0.3);
  renameSync(path, path + '.link');
  renameSync(path + '.real', path);
  pause(1);
}
`;

/** Puts the canary where a directory's files would be found if the link in its place were followed. */
function swapped(scene: Scene, path: string, there: string, file: string): Attack {
  symlinkSync(there, `${path}.link`);
  renameSync(path, `${path}.real`);
  renameSync(`${path}.link`, path);
  const seen = readFileSync(join(path, file));
  renameSync(path, `${path}.link`);
  renameSync(`${path}.real`, path);
  return {
    plain: () => seen,
    start() {
      const child = spawn(process.execPath, ['-e', swapProgram, path], { stdio: 'ignore' });
      scene.cleanUp.push(() => void child.kill('SIGKILL'));
    },
  };
}

export const swapVectors: Vector[] = [
  {
    name: 'work tree, a directory that is swapped for a link meanwhile',
    make(scene) {
      const there = join(scene.outside, 'data');
      const path = join(scene.repo, 'data');
      mkdirSync(there);
      for (let number = 0; number < fileCount; number += 1) {
        writeFileSync(join(path, `f${number}`), 'its own\n');
        writeFileSync(join(there, `f${number}`), `${scene.canary}\n`);
      }
      return { ...swapped(scene, path, there, 'f0'), touched: ['data', 'data.real', 'data.link'] };
    },
  },
  {
    name: 'info/ is swapped for a link meanwhile',
    make(scene) {
      const there = join(scene.outside, 'info');
      scene.write('info/exclude', '# its own\n');
      mkdirSync(there);
      writeFileSync(join(there, 'exclude'), `# ${scene.canary}\n`);
      return swapped(scene, join(scene.gitDirectory, 'info'), there, 'exclude');
    },
  },
  {
    name: 'refs/heads/ is swapped for a link meanwhile',
    make(scene) {
      const there = join(scene.outside, 'heads');
      const stray = scene.strayCommit();
      const path = join(scene.gitDirectory, 'refs/heads');
      cpSync(path, there, { recursive: true });
      writeFileSync(join(there, 'main'), `${stray}\n`);
      return { ...swapped(scene, path, there, 'main'), finds: stray };
    },
  },
];
