import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkout } from '../../support/guest-home.ts';
import { isNewest, lockStage } from '../../support/made.ts';
import { runProgram } from '../../support/program.ts';
import type { TestHost } from './host.ts';

const buildTimeoutMs = 240_000;

/** An environment in which dpkg-deb compresses in seconds what takes xz a minute. */
export const fastDeb = { DPKG_DEB_COMPRESSOR_TYPE: 'zstd', DPKG_DEB_COMPRESSOR_LEVEL: '1' };

/**
 * Makes a package as `make deb` and `make rpm` do and puts it into a directory; gives its path. One at a time: they share
 * what they are made of.
 * @param env what is in the environment of make besides
 */
export async function buildPackage(
  kind: 'deb' | 'rpm',
  directory: string,
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  using _held = await lockStage();
  const built = await build(kind, env);
  const path = join(directory, basename(built));
  copyFileSync(built, path);
  rmSync(built);
  return path;
}

/**
 * The Debian package of the checkout as it is now, made by the first test that asks for it; to be read only. Its files
 * are those of the package that `make deb` makes, and their compression is another one.
 */
export async function sharedDeb(): Promise<string> {
  const shared = join(checkout, 'build/test/banger.deb');
  using _held = await lockStage();
  if (!(await isNewest(shared))) {
    renameSync(await build('deb', fastDeb), shared);
  }
  return shared;
}

async function build(kind: 'deb' | 'rpm', env: NodeJS.ProcessEnv = {}): Promise<string> {
  const made = await runProgram('make', ['-s', kind], {
    cwd: checkout,
    timeoutMs: buildTimeoutMs,
    env: { ...process.env, ...env },
  });
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
