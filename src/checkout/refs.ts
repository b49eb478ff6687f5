import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Directory, unsafe } from './directory.ts';
import type { Location } from './locate.ts';

const maxRefBytes = 4096;
const maxPackedBytes = 256 * 1024 * 1024;
const maxLogBytes = 64 * 1024 * 1024;
/** The deepest nesting of names; git's paths end there, too. */
const maxLevels = 64;
const objectId = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** Of a ref's name, what git-check-ref-format(1) forbids. One character is one byte. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is forbidden
const forbidden = /[\x00-\x20~^:?*[\\\x7f]|\.\.|@\{|\/\/|\.(?:lock)?(?:\/|$)|(?:^|\/)\.|^$|\/$/;

/**
 * Copies HEAD and the refs of a repository into a new git directory. What is not a ref that git would take is left out.
 * @param withLogs whether reflogs come too, for revisions such as `main@{1}`
 * @throws UnsafeRepository, NotARepository if HEAD makes no sense
 */
export function copyRefs({ git, common }: Location, to: string, withLogs: boolean): void {
  writeFileSync(join(to, 'HEAD'), `${readHead(git)}\n`, 'latin1');
  const packed = parsePacked(common.read('packed-refs', maxPackedBytes));
  const symbolic = new Map<string, string>();
  for (const directory of new Set([common, git])) {
    using refs = directory.directory('refs');
    for (const name of ['heads', 'tags', 'remotes']) refs?.directory(name)?.[Symbol.dispose]();
    if (refs) readLoose(refs, 'refs', packed, symbolic, 0);
  }
  writeFileSync(join(to, 'packed-refs'), formatPacked(packed), 'latin1');
  for (const [name, target] of symbolic) {
    mkdirSync(below(to, dirname(name)), { recursive: true });
    writeFileSync(below(to, name), `ref: ${target}\n`, 'latin1');
  }
  if (withLogs) for (const directory of new Set([common, git])) copyLogs(directory, 'logs', to, 0);
}

function readHead(git: Directory): string {
  const text = trimmed(git.read('HEAD', maxRefBytes));
  const target = /^ref:[ \t\n\r]*(refs\/.+)$/.exec(text)?.[1];
  if (target !== undefined && !forbidden.test(target)) return `ref: ${target}`;
  if (objectId.test(text)) return text;
  throw unsafe(
    `${git.path}/HEAD`,
    'names neither a branch nor a commit',
    'run `git symbolic-ref HEAD refs/heads/main` there, or with another branch',
  );
}

/** A ref's id, and where it is a tag's, what it was peeled to when it was packed. */
type Packed = Map<string, { id: string; peeled?: string | undefined }>;

/** Reads git's packed-refs, as git-pack-refs(1) and refs/packed-backend.c have it. */
function parsePacked(file: Buffer | undefined): Packed {
  const refs: Packed = new Map();
  let last: { id: string; peeled?: string | undefined } | undefined;
  for (const line of file?.toString('latin1').split('\n') ?? []) {
    if (line.startsWith('^')) {
      if (last && objectId.test(line.slice(1))) last.peeled = line.slice(1);
      continue;
    }
    const blank = line.indexOf(' ');
    const [id, name] = [line.slice(0, blank), line.slice(blank + 1)];
    last = blank > 0 && objectId.test(id) && isRefName(name) ? { id } : undefined;
    if (last) refs.set(name, last);
  }
  return refs;
}

function formatPacked(refs: Packed): string {
  const lines = [...refs]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { id, peeled }]) => `${id} ${name}\n${peeled === undefined ? '' : `^${peeled}\n`}`);
  return `# pack-refs with: sorted \n${lines.join('')}`;
}

function readLoose(
  directory: Directory,
  prefix: string,
  packed: Packed,
  symbolic: Map<string, string>,
  level: number,
): void {
  if (level > maxLevels) throw unsafe(directory.path, 'is nested too deeply', 'remove what is in it');
  for (const entry of directory.list()) {
    const name = `${prefix}/${entry.name}`;
    if (entry.isDirectory()) {
      using inner = directory.directory(entry.name);
      if (inner) readLoose(inner, name, packed, symbolic, level + 1);
      continue;
    }
    if (entry.name.endsWith('.lock')) continue;
    const text = trimmed(directory.read(entry.name, maxRefBytes));
    if (!isRefName(name)) continue;
    const target = /^ref:[ \t\n\r]*(refs\/.+)$/.exec(text)?.[1];
    if (target !== undefined && !forbidden.test(target)) {
      symbolic.set(name, target);
      packed.delete(name);
    } else if (objectId.test(text)) packed.set(name, { id: text });
  }
}

/** Without the white space at the end that git takes for such: a name may end with another byte that is some elsewhere. */
function trimmed(file: Buffer | undefined): string {
  return file?.toString('latin1').replace(/[ \t\n\r]+$/, '') ?? '';
}

function isRefName(name: string): boolean {
  return name.startsWith('refs/') && !forbidden.test(name);
}

function copyLogs(from: Directory, path: string, to: string, level: number): void {
  if (level > maxLevels) throw unsafe(from.path, 'is nested too deeply', 'remove what is in it');
  using directory = from.directory(basename(path));
  if (!directory) return;
  mkdirSync(below(to, path), { recursive: true });
  for (const { name } of directory.list().filter((entry) => !entry.isDirectory())) {
    writeFileSync(below(to, `${path}/${name}`), directory.read(name, maxLogBytes) ?? '');
  }
  for (const { name } of directory.list().filter((entry) => entry.isDirectory())) {
    copyLogs(directory, `${path}/${name}`, to, level + 1);
  }
}

/** A path below our own directory, by names of any encoding. */
function below(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);
}
