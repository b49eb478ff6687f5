/**
 * Makes the RPM package of what `make stage` laid out. Usage: build.ts OUTPUT-DIRECTORY. As with the Debian package, the
 * same stage and SOURCE_DATE_EPOCH give the same package.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { readRequest } from '../request.ts';
import { scriptText } from '../scriptlets/script.ts';
import { copy, layOut, maintainer } from '../tree.ts';
import { specFile } from './spec.ts';

const checkout = join(import.meta.dirname, '../..');
const work = join(checkout, 'build/rpm');
const { output, date } = readRequest();

rmSync(work, { recursive: true, force: true });
const { root, lib } = layOut(join(work, 'root'));
copy(join(checkout, 'LICENSE'), root, 'usr/share/licenses/banger/LICENSE');
copy(join(checkout, 'CHANGELOG.md'), root, 'usr/share/doc/banger/CHANGELOG.md');
const [day, number, month, year] = date.toUTCString().split(/,? /);
const released = [day, month, number, year].join(' ');
const spec = join(work, 'banger.spec');
const names = ['pre', 'posttrans', 'preun', 'postun'];
const scripts = names.map((name) => [name, scriptText(join(import.meta.dirname, `${name}.sh`))]);
writeFileSync(
  spec,
  specFile({ version: manifest.version, maintainer, date: released, lib }, Object.fromEntries(scripts)),
);
const defines = {
  _topdir: join(work, 'top'),
  _sourcedir: work,
  _rpmdir: join(work, 'made'),
  _buildhost: 'localhost',
};
execFileSync(
  'rpmbuild',
  [
    '--quiet',
    '-bb',
    ...Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
    spec,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const name = `banger-${manifest.version}-1.x86_64.rpm`;
mkdirSync(output, { recursive: true });
copyFileSync(join(work, 'made/x86_64', name), join(output, name));
console.log(join(output, name));
