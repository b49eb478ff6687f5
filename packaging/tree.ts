import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const checkout = join(import.meta.dirname, '..');
const stage = join(checkout, 'build/stage');

/** What the system's own programs read, and where each looks for it; an installation for one user has none of it. */
const systemFiles: Readonly<Record<string, string>> = {
  'systemd/system/banger-netd.service': 'usr/lib/systemd/system',
  'dbus/system/org.banger.Network1.service.in': 'usr/share/dbus-1/system-services',
  'dbus/system/org.banger.Network1.conf': 'usr/share/dbus-1/system.d',
  'polkit/org.banger.network.policy': 'usr/share/polkit-1/actions',
  'polkit/50-banger.rules': 'usr/share/polkit-1/rules.d',
  'packaging/netd.toml': 'etc/banger',
  'packaging/ssh/banger.conf': 'etc/ssh/ssh_config.d',
};
/** Those that belong to the administrator, relative to the root: an upgrade leaves what was changed there. */
export const settingsFiles: readonly string[] = ['etc/banger/netd.toml', 'etc/ssh/ssh_config.d/banger.conf'];

/** Who answers for the packages. */
export const maintainer = 'The banger developers <banger@localhost.localdomain>';

/** A tree of files as it will lie on a system. */
export interface Tree {
  root: string;
  /** The directory of the programs in it, relative to `root`. */
  lib: string;
}

/**
 * Lays out what `make stage` made as packages have it: below /usr, with manual pages compressed.
 * @param root a directory that is made anew
 * @param places where this system has what lies elsewhere in the share/ of an installation for one user
 */
export function layOut(root: string, places: Readonly<Record<string, string>> = {}): Tree {
  const version = readFileSync(join(stage, 'version'), 'utf8').trim();
  const lib = `usr/lib/banger/${version}`;
  rmSync(root, { recursive: true, force: true });
  cpSync(join(stage, 'lib'), join(root, lib), { recursive: true });
  for (const name of filesBelow(join(root, lib))) finish(join(root, lib, name));
  for (const program of ['banger', 'bangerd'])
    link(root, `usr/bin/${program}`, `../lib/banger/${version}/bin/${program}`);
  link(root, 'usr/libexec/banger-netd', `../lib/banger/${version}/bin/banger-netd`);
  link(root, 'usr/libexec/banger-ssh-connect', `../lib/banger/${version}/host/ssh-connect`);
  const filledIn = (from: string, to: string) => {
    const text = readFileSync(from, 'utf8')
      .replaceAll('@bindir@', '/usr/bin')
      .replaceAll('@libexecdir@', '/usr/libexec');
    write(root, join(to, basename(from, '.in')), text);
  };
  for (const unit of globSync(join(stage, 'systemd/*')).sort()) filledIn(unit, 'usr/lib/systemd/user');
  for (const file of globSync(join(stage, 'dbus/*')).sort()) filledIn(file, 'usr/share/dbus-1/services');
  for (const name of filesBelow(join(stage, 'share'))) {
    const place = dirname(name);
    const target = join('usr/share', places[place] ?? place, basename(name));
    const data = readFileSync(join(stage, 'share', name));
    if (/^man\/man\d$/.test(place)) write(root, `${target}.gz`, zipped(data));
    else write(root, target, data);
  }
  for (const [file, to] of Object.entries(systemFiles)) filledIn(join(checkout, file), to);
  write(
    root,
    'usr/lib/sysusers.d/banger.conf',
    '# Members may configure the network of their VMs.\ng banger -\n',
  );
  write(root, 'usr/lib/systemd/user-preset/90-banger.preset', 'enable bangerd.socket\n');
  return { root, lib };
}

/** What was compiled here goes without its symbols; and no library and no module is a program. */
function finish(path: string): void {
  if (/\/(host\/[^/]+|build\/Release\/[^/]+\.node)$/.test(path))
    execFileSync('strip', ['--strip-unneeded', path]);
  if (/\.(node|c?js|json)$/.test(path)) chmodSync(path, 0o644);
}

/** The same bytes for the same data: without a name and a time. */
export function zipped(data: Buffer): Buffer {
  return gzipSync(data, { level: 9 });
}

/** Writes a file, with the directories above it; for all to read, where no mode is given. */
export function write(root: string, name: string, data: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), data);
  chmodSync(join(root, name), mode);
}

/** Copies a file, for all to read. */
export function copy(from: string, root: string, name: string): void {
  write(root, name, readFileSync(from));
}

/** The files below a directory, relative to it, in order; links are none. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function link(root: string, name: string, target: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  symlinkSync(target, join(root, name));
}
