import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Lock, lockFile } from '../../../src/common/lock.ts';
import { checkout } from '../../support/guest-home.ts';
import { runProgram } from '../../support/program.ts';
import type { TestHost } from './host.ts';

const buildTimeoutMs = 240_000;

/** Makes a package as `make deb` and `make rpm` do; gives its path. One at a time: they share what they are made of. */
export async function buildPackage(kind: 'deb' | 'rpm'): Promise<string> {
  using _held = await lockPackages();
  return await build(kind);
}

/** The Debian package of the checkout as it is now, made by the first test that asks for it; to be read only. */
export async function sharedDeb(): Promise<string> {
  const shared = join(checkout, 'build/test/banger.deb');
  using _held = await lockPackages();
  if (!(await isNewest(shared))) {
    copyFileSync(await build('deb'), `${shared}.new`);
    renameSync(`${shared}.new`, shared);
  }
  return shared;
}

async function lockPackages(): Promise<Lock> {
  mkdirSync(join(checkout, 'build/test'), { recursive: true });
  const lock = await lockFile(join(checkout, 'build/test/packages.lock'), 2 * buildTimeoutMs);
  if (!lock) throw new Error('another test makes packages without an end');
  return lock;
}

/** Whether a file is there and has been written after all files of the checkout. */
async function isNewest(file: string): Promise<boolean> {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false;
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = await runProgram('git', args, { cwd: checkout });
  const sources = listed.stdout.toString().split('\0').filter(Boolean);
  return sources.every((name) => {
    const stat = statSync(join(checkout, name), { throwIfNoEntry: false });
    return stat !== undefined && stat.mtimeMs < written;
  });
}

async function build(kind: 'deb' | 'rpm'): Promise<string> {
  const made = await runProgram('make', ['-s', kind], { cwd: checkout, timeoutMs: buildTimeoutMs });
  assert.equal(made.status, 0, made.stderr);
  const path = join(checkout, made.stdout.toString('utf8').trim());
  assert.ok(existsSync(path), path);
  return path;
}

/**
 * The same package as another version, with its programs in another directory: what a later release is to dpkg and to
 * what runs.
 * @param directory where it is put
 */
export async function asVersion(deb: string, version: string, directory: string): Promise<string> {
  const work = mkdtempSync('/var/tmp/banger-deb-');
  try {
    const script = `
      dpkg-deb -R "$1" root
      sed -i "s/^Version: .*/Version: $2/" root/DEBIAN/control
      cd root/usr/lib/banger && mv * "$2-later" && cd ../..
      for name in bin/banger bin/bangerd libexec/banger-netd; do
        ln -sf "../lib/banger/$2-later/bin/$(basename "$name")" "$name"
      done
      ln -sf "../lib/banger/$2-later/host/ssh-connect" libexec/banger-ssh-connect
      cd ../.. && dpkg-deb --root-owner-group -Zzstd -z1 --build root "$3/banger_$2_amd64.deb"`;
    const made = await runProgram('sh', ['-euc', script, 'sh', deb, version, directory], {
      cwd: work,
      timeoutMs: buildTimeoutMs,
    });
    assert.equal(made.status, 0, made.stderr);
    return join(directory, `banger_${version}_amd64.deb`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Installs a package with apt, as an administrator does; gives what that said. */
export async function aptInstall(host: TestHost, deb: string): Promise<string> {
  const there = `/var/tmp/${basename(deb)}`;
  copyFileSync(deb, host.path(there));
  // The host has no network: what the package needs is there, and what it recommends is not looked for.
  return await apt(host, 'install', '--no-install-recommends', there);
}

/** Runs apt-get without questions, which must succeed; gives what it said. */
export async function apt(host: TestHost, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await host.asRoot(['apt-get', '--yes', ...args], {
    timeoutMs: 240_000,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}
