import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';
import { type TarEntry, writeTar } from '../../src/tar/write.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const checkout = join(import.meta.dirname, '..', '..');
export const program = join(checkout, 'build/guest/sync');

export async function buildProgram(): Promise<void> {
  const args = ['-s', '-f', 'guest/sync/sync.mk', 'build/guest/sync'];
  await run({ file: 'make', args, cwd: checkout, timeoutMs: 120_000 });
}

/** Files by their path below a directory: `file 600 content`, `directory 755` or `link target`. */
export type Tree = Record<string, string>;

export const file = (name: string, content: string, mode = 0o600): TarEntry => ({
  kind: 'file',
  name: `root/${name}`,
  mode,
  content,
});
export const link = (name: string, target: string): TarEntry => ({
  kind: 'symlink',
  name: `root/${name}`,
  mode: 0o777,
  target,
});
export const directory = (name: string, mode = 0o755): TarEntry => ({
  kind: 'directory',
  name: `root/${name}`,
  mode,
});
export const parent = (name: string): TarEntry => ({
  kind: 'directory',
  name: `parents/${name}`,
  mode: 0o700,
});
export const kept = (name: string): TarEntry => ({
  kind: 'file',
  name: `kept/${name}`,
  mode: 0o600,
  content: '',
});

/** The directories of a guest, in which the program runs as an ordinary process. */
export class Guest {
  readonly base: string;
  readonly root: string;
  readonly state: string;
  readonly image: string;
  readonly archive: string;

  constructor(t: Pick<TestContext, 'after'>, base = temporaryDirectory(t)) {
    this.base = base;
    [this.root, this.state, this.image, this.archive] = ['root', 'state', 'image', 'archive'].map((name) =>
      join(base, name),
    ) as [string, string, string, string];
    for (const path of [this.root, this.image]) mkdirSync(path, { recursive: true });
  }

  /** One start with these files; without any, as if nothing were configured. Gives the warnings. */
  async start(entries?: readonly TarEntry[]): Promise<string[]> {
    if (entries) {
      await using archive = await open(this.archive, 'w');
      await archive.write('x'.repeat(512));
      await writeTar(archive, entries);
    }
    const { status, warnings } = await this.apply(entries ? this.archive : '/dev/zero');
    assert.equal(status, 0, warnings.join('\n'));
    return warnings;
  }

  async apply(archive: string, file = program): Promise<{ status: number; warnings: string[] }> {
    const args = [archive, archive === '/dev/zero' ? '0' : '512', this.root, this.state, this.image];
    const { status, stdout, stderr } = await execute({ file, args, timeoutMs: 60_000 });
    assert.equal(stderr, '');
    const mark = 'BANGER-WARNING file_sync: ';
    const lines = stdout.split('\n').slice(0, -1);
    for (const line of lines) assert.ok(line.startsWith(mark), line);
    return { status, warnings: lines.map((line) => line.slice(mark.length)) };
  }

  /** Puts something into the guest, as its user would. */
  put(path: string, content: string, mode = 0o644): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    writeFileSync(full, content, { mode });
  }

  /** The same for the image, and so for the guest's first start. */
  ship(path: string, content: string): void {
    for (const top of [this.root, this.image]) {
      mkdirSync(dirname(join(top, path)), { recursive: true });
      writeFileSync(join(top, path), content, { mode: 0o644 });
    }
  }

  link(path: string, target: string): void {
    symlinkSync(target, join(this.root, path));
  }

  tree(): Tree {
    return treeOf(this.root);
  }

  /** What is on record, readable: a line `w f 600 name` for each name. */
  record(): string[] {
    const path = join(this.state, 'record');
    const text = readFileSync(path, 'latin1');
    return text
      .slice(text.indexOf('\n') + 1)
      .split('\0')
      .slice(0, -1)
      .map((line) => line.replace(/^(\S+ \S+ \S+) \S+ \S+ /, '$1 '));
  }
}

/** Everything below a directory. Node's own recursive listing would follow symbolic links. */
export function treeOf(top: string): Tree {
  const tree: Tree = {};
  const add = (directory: Buffer, prefix: string) => {
    for (const name of readdirSync(directory, 'buffer').sort(Buffer.compare)) {
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const shown = prefix + name.toString('utf8');
      const stats = lstatSync(path);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) tree[shown] = `link ${readlinkSync(path)}`;
      else if (stats.isDirectory()) tree[shown] = `directory ${mode}`;
      else if (stats.isFile()) tree[shown] = `file ${mode} ${readFileSync(path, 'utf8')}`;
      else tree[shown] = 'special';
      if (stats.isDirectory()) add(path, `${shown}/`);
    }
  };
  add(Buffer.from(top), '');
  return tree;
}
