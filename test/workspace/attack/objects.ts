import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** Writes a loose object without git, and gives its id. */
export function writeObject(gitDirectory: string, type: string, body: Buffer | string): string {
  const content = Buffer.from(body);
  const data = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
  const id = createHash('sha1').update(data).digest('hex');
  const directory = join(gitDirectory, 'objects', id.slice(0, 2));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, id.slice(2)), deflateSync(data));
  return id;
}

/** Writes a commit of one file, `secret`, whose contents and message are a text. */
export function writeCommit(gitDirectory: string, text: string, parent?: string): string {
  const blob = writeObject(gitDirectory, 'blob', `${text}\n`);
  const entry = Buffer.concat([Buffer.from('100644 secret\0'), Buffer.from(blob, 'hex')]);
  const tree = writeObject(gitDirectory, 'tree', entry);
  const who = 'Eve <eve@example.org> 1600000000 +0000';
  const lines = [
    `tree ${tree}`,
    ...(parent ? [`parent ${parent}`] : []),
    `author ${who}`,
    `committer ${who}`,
  ];
  return writeObject(gitDirectory, 'commit', `${lines.join('\n')}\n\n${text}\n`);
}

/** Writes an annotated tag whose message is a text. */
export function writeTag(gitDirectory: string, commit: string, text: string): string {
  const lines = [`object ${commit}`, 'type commit', 'tag x', 'tagger Eve <eve@example.org> 1600000000 +0000'];
  return writeObject(gitDirectory, 'tag', `${lines.join('\n')}\n\n${text}\n`);
}

/** Makes another repository of the user, with a text in its file and its history; gives its commit. */
export function writeVictim(directory: string, text: string): string {
  const gitDirectory = join(directory, '.git');
  mkdirSync(join(gitDirectory, 'refs', 'heads'), { recursive: true });
  const commit = writeCommit(gitDirectory, text);
  writeFileSync(join(gitDirectory, 'HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(gitDirectory, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = false\n');
  writeFileSync(join(gitDirectory, 'refs', 'heads', 'main'), `${commit}\n`);
  writeFileSync(join(directory, 'secret'), `${text}\n`);
  return commit;
}
