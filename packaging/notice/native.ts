/** What is shipped compiled and is no npm package, or has more inside than its package says. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Component, checked, type Part } from './component.ts';

/** The SQLite that better-sqlite3 has in its native part, with what its header says in place of a licence. */
export function sqlite(betterSqlite3: string): Component {
  const header = readFileSync(join(betterSqlite3, 'deps/sqlite3/sqlite3.h'), 'utf8');
  const version = /^#define SQLITE_VERSION +"([^"]+)"/m.exec(header)?.[1];
  const blessing = /^\*\* (The author disclaims copyright[\s\S]*?)\n\*\*\*/m.exec(header)?.[1];
  if (version === undefined) throw new Error(`no version of SQLite is in the header in ${betterSqlite3}`);
  return checked({
    name: 'sqlite',
    version,
    licence: 'blessing',
    texts: blessing === undefined ? [] : [blessing.replace(/^\*\* ?/gm, '')],
    purl: `pkg:generic/sqlite@${version}`,
    shipped: ['compiled into native packages'],
  });
}

/**
 * The C library of the programs for guests, as the distribution of this machine has it.
 * @param documentation where that keeps its copyright file
 */
export function musl(documentation = '/usr/share/doc/musl-dev'): Component {
  const file = join(documentation, 'copyright');
  if (!existsSync(file)) {
    throw new Error(`${file} with the licence of musl is missing; install the package musl-tools`);
  }
  const text = readFileSync(file, 'utf8');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query has such placeholders too.
  const query = ['--show', '--showformat=${Version} ${Architecture}', 'musl-dev'];
  const answer = execFileSync('dpkg-query', query, { encoding: 'utf8', timeout: 30_000 });
  const [version = '', architecture = ''] = answer.split(' ');
  const distribution = /^ID=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'debian';
  return checked({
    name: 'musl',
    version,
    // That of musl as a whole; the text names the files in it that have others.
    licence: /^Files: \*\n(?:\S.*\n| .*\n)*?License: (.+)$/m.exec(text)?.[1] ?? '',
    texts: [text],
    purl: `pkg:deb/${distribution}/musl-dev@${encodeURIComponent(version)}?arch=${architecture}`,
    shipped: ['linked into the programs for guests'],
  });
}

/** What is inside a Node binary, by its own account: V8, OpenSSL and others. */
export function partsOfNode(binary: string): Part[] {
  const versions: Record<string, string> = JSON.parse(
    execFileSync(binary, ['--print', 'JSON.stringify(process.versions)'], {
      encoding: 'utf8',
      timeout: 30_000,
    }),
  );
  // Two are numbers of interfaces; what a build leaves out has no version.
  return Object.entries(versions)
    .filter(([name, version]) => version !== '' && name !== 'modules' && name !== 'napi')
    .map(([name, version]) => ({ name, version }));
}
