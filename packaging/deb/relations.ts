import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What does as well as a package of scripts/packages.txt, which names what this project is built and tested with. */
const alternatives: Readonly<Record<string, readonly string[]>> = {
  'dbus-daemon': ['dbus (<< 1.14)'],
  'qemu-system-x86': ['qemu-system-x86-64'],
  uidmap: ['fakechroot'],
  polkitd: ['policykit-1'],
};

/** What is of use and not needed by all: banger says what it lacks when it comes to it. */
const recommended: readonly string[] = [
  'fakechroot',
  'fakeroot',
  'dbus-user-session',
  'libpam-systemd',
  // For bridged networks.
  'nftables',
  'polkitd',
];

/** Essential packages are there without being named, and lintian does not want them named. */
const essential: readonly string[] = ['tar', 'util-linux'];

/** The fields of a control file that name other packages; deb-control(5). */
export interface Relations {
  depends: string[];
  recommends: string[];
}

/**
 * What a package of banger needs: the libraries of its programs, by the symbols that they use, and the programs that it
 * runs.
 * @param packagesFile scripts/packages.txt
 * @param binaries the ELF files of the package
 * @param workDirectory one with a debian/control, where dpkg-shlibdeps(1) may write
 */
export function relations(
  packagesFile: string,
  binaries: readonly string[],
  workDirectory: string,
): Relations {
  const said = execFileSync('dpkg-shlibdeps', ['-O', ...binaries], {
    cwd: workDirectory,
    encoding: 'utf8',
    // It warns of every program that is not in debian/, where nothing is built here; what it dies of is thrown.
    stdio: 'pipe',
  });
  const libraries = said
    .replace(/^shlibs:Depends=/, '')
    .trim()
    .split(', ');
  const programs = readFileSync(packagesFile, 'utf8')
    .split('\n')
    .flatMap((line) => /^(\S+)\s+run\s/.exec(line)?.[1] ?? [])
    .filter((name) => !recommended.includes(name) && !essential.includes(name));
  return {
    depends: [...libraries, ...programs.map(orAnother), 'init-system-helpers (>= 1.61)'],
    recommends: recommended.map(orAnother),
  };
}

function orAnother(name: string): string {
  return [name, ...(alternatives[name] ?? [])].join(' | ');
}
