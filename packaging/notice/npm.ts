/** What an npm package says of itself and its licence. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Component, checked, type Shipped } from './component.ts';

/** How authors write what SPDX has another name for. */
const spdxNames: Readonly<Record<string, string>> = { 'MIT/X11': 'MIT' };

/** The form of before 2015, when several licences were a choice. */
interface OldLicence {
  type: string;
}

interface Manifest {
  name: string;
  version: string;
  license?: string | OldLicence;
  licenses?: readonly (string | OldLicence)[];
}

const licenceFile = /^(licen[cs]e|copying|copyright|notice)([._-]|$)/i;
/** The section of a README that is headed so, up to the next heading. */
const licenceSection = /^#+ licen[cs]e\b.*\n([\s\S]*?)(?=^#|(?![\s\S]))/im;

/**
 * The package in a directory.
 * @throws Error that names it, without a licence text or with a licence that is not known
 */
export function npmComponent(directory: string, shipped: Shipped): Component {
  const manifest: Manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const { name, version } = manifest;
  return checked({
    name,
    version,
    licence: licenceOf(manifest),
    texts: textsOf(directory),
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    shipped: [shipped],
  });
}

function licenceOf({ license, licenses = [] }: Manifest): string {
  const declared = license === undefined ? licenses : [license];
  const names = declared.map((one) => (typeof one === 'string' ? one : one.type));
  return names.map((name) => spdxNames[name] ?? name).join(' OR ');
}

/** The files with licences and notices; a package without any may have all of its licence in its README. */
function textsOf(directory: string): string[] {
  const files = readdirSync(directory)
    .filter((file) => licenceFile.test(file))
    .sort();
  if (files.length > 0) return files.map((file) => readFileSync(join(directory, file), 'utf8'));
  const readme = join(directory, 'README.md');
  const section = existsSync(readme) ? licenceSection.exec(readFileSync(readme, 'utf8'))?.[1] : undefined;
  // No more than a mention of the licence would not disclaim the warranty.
  return section !== undefined && /warrant/i.test(section) ? [section] : [];
}
