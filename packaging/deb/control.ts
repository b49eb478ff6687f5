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
Description: development sandboxes on microVMs, one command each
 banger gives a developer, or a coding agent, a real Linux virtual machine for
 a task: its own kernel, a persistent /root, Docker inside, and a copy of the
 repository at /root/repo. It needs no privileges and no hardware
 virtualisation.
 .
 Virtual machines are units of the user's systemd and objects on the session
 bus, where org.banger.Manager1 is started by the first call.
`;
}
