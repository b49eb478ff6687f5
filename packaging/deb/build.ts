/**
 * Makes the Debian package of what `make stage` laid out. Usage: build.ts OUTPUT-DIRECTORY. Every file has the time of
 * SOURCE_DATE_EPOCH, so that the same stage gives the same package.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { readRequest } from '../request.ts';
import { scriptText } from '../scriptlets/script.ts';
import { copy, filesBelow, layOut, maintainer, settingsFiles, type Tree, write, zipped } from '../tree.ts';
import { controlFile } from './control.ts';
import { relations } from './relations.ts';

const checkout = join(import.meta.dirname, '../..');
const work = join(checkout, 'build/deb');
/** With the revision of the package, which is made anew for each release. */
const version = `${manifest.version}-1`;
const { output, date } = readRequest();

rmSync(work, { recursive: true, force: true });
const tree = layOut(join(work, 'root'), { 'zsh/site-functions': 'zsh/vendor-completions' });
const documents = 'usr/share/doc/banger';
write(tree.root, `${documents}/changelog.Debian.gz`, zipped(Buffer.from(debianChangelog())));
write(tree.root, 'usr/share/lintian/overrides/banger', overrides());
write(tree.root, `${documents}/changelog.gz`, zipped(readFileSync(join(checkout, 'CHANGELOG.md'))));
copy(join(checkout, 'LICENSE'), tree.root, `${documents}/copyright`);
copy(join(checkout, 'packaging/apparmor/banger'), tree.root, 'usr/share/banger/apparmor');
control(tree);
const file = join(output, `banger_${version}_amd64.deb`);
mkdirSync(output, { recursive: true });
execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree.root, file], {
  stdio: ['ignore', 'ignore', 'inherit'],
  // dpkg-deb(1); whoever has set another compressor gets the same files sooner.
  env: { DPKG_DEB_COMPRESSOR_TYPE: 'xz', DPKG_DEB_COMPRESSOR_LEVEL: '1', ...process.env },
});
console.log(file);

/** What Debian wants beside our own; deb-changelog(5). */
function debianChangelog(): string {
  const released = date.toUTCString().replace('GMT', '+0000');
  return `banger (${version}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- ${maintainer}  ${released}\n`;
}

/** What lintian need not tell of, with reasons. */
function overrides(): string {
  return readFileSync(join(import.meta.dirname, 'lintian-overrides'), 'utf8');
}

function control({ root, lib }: Tree): void {
  mkdirSync(join(work, 'debian'), { recursive: true });
  writeFileSync(join(work, 'debian/control'), 'Source: banger\n\nPackage: banger\nArchitecture: amd64\n');
  const binaries = filesBelow(join(root, lib))
    .map((name) => join(root, lib, name))
    .filter(needsLibraries);
  const needs = relations(join(checkout, 'scripts/packages.txt'), binaries, work);
  const installedKiB = filesBelow(root)
    .map((name) => Math.ceil(statSync(join(root, name)).size / 1024))
    .reduce((sum, size) => sum + size, 0);
  write(root, 'DEBIAN/control', controlFile({ version, maintainer, installedKiB }, needs));
  write(root, 'DEBIAN/conffiles', settingsFiles.map((name) => `/${name}\n`).join(''));
  for (const script of ['preinst', 'postinst', 'prerm', 'postrm']) {
    write(root, `DEBIAN/${script}`, scriptText(join(import.meta.dirname, script)), 0o755);
  }
}

/** Whether a file is an ELF program or library that is not static; elf(5). */
function needsLibraries(path: string): boolean {
  return (
    readFileSync(path).toString('latin1', 0, 4) === '\x7fELF' &&
    execFileSync('objdump', ['-p', path], { encoding: 'utf8' }).includes('NEEDED')
  );
}
