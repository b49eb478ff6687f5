import { description, summary } from '../description.ts';
import type { Relations } from './relations.ts';

/** What a control file says of the package itself. */
export interface Identity {
  version: string;
  maintainer: string;
  /** Of all files, in KiB. */
  installedKiB: number;
}

/** The control file of the package; deb-control(5). */
export function controlFile({ version, maintainer, installedKiB }: Identity, relations: Relations): string {
  return `Package: banger
Version: ${version}
Architecture: amd64
Maintainer: ${maintainer}
Installed-Size: ${installedKiB}
Depends: ${relations.depends.join(', ')}
Recommends: ${relations.recommends.join(', ')}
Section: devel
Priority: optional
Description: ${summary}
${description.map((line) => ` ${line || '.'}\n`).join('')}`;
}
