import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type BootCache, recall, remember } from '../../common/boot.ts';
import { BangerError, getProblem } from '../../common/errors.ts';
import { execute } from '../../common/exec.ts';
import { lastLines } from '../../common/text.ts';

export type Version = readonly [major: number, minor: number, patch: number];

/** The first one that describes its devices by ACPI, without which the guests' kernel finds none. */
const oldest: Version = [1, 8, 0];
const trialTimeoutMs = 10_000;

/** A weakness of some versions that is known to the public. */
export interface Weakness {
  id: string;
  /** What it lets whom do, for people. */
  what: string;
}

/** From Amazon's security bulletins and its records of CVEs; docs/firecracker.md says which and when they were read. */
const weaknesses: readonly (Weakness & { isIn: (version: Version) => boolean })[] = [
  {
    id: 'CVE-2026-5747',
    what: 'root in a guest can write beyond its virtio queues, only with --enable-pci, which banger does not use',
    isIn: (version) =>
      isBetween(version, [1, 13, 0], [1, 14, 4]) || isBetween(version, [1, 15, 0], [1, 15, 1]),
  },
  {
    id: 'CVE-2026-1386',
    what: 'its jailer can be led to overwrite files of the host, only if run as root, which banger does not do',
    isIn: (version) =>
      isBetween(version, [0, 0, 0], [1, 13, 2]) || isBetween(version, [1, 14, 0], [1, 14, 1]),
  },
];

/**
 * Finds out the version of a Firecracker that banger can use, by running it; once per boot and program.
 * @param binary its absolute path
 * @param runtimeDirectory a private directory for the finding
 * @throws HostNotReady if it cannot be run, is no Firecracker or is too old
 */
export async function usableVersion(binary: string, runtimeDirectory: string): Promise<Version> {
  const stat = statSync(binary, { throwIfNoEntry: false });
  const cache: BootCache<Version> = {
    file: join(runtimeDirectory, 'firecracker-version.json'),
    key: `${binary}:${stat?.size}:${stat?.mtimeMs}`,
    parse: (value: unknown) => (Array.isArray(value) ? parseVersion(value.join('.')) : undefined),
  };
  const known = recall(cache);
  const version = known ?? (await ask(binary));
  if (!known) remember(cache, version);
  if (compare(version, oldest) >= 0) return version;
  throw new BangerError(
    'HostNotReady',
    `${binary} is Firecracker ${versionText(version)}, which is too old`,
    {
      remedy: `install ${versionText(oldest)} or later, or set firecracker_bin`,
    },
  );
}

/** What is known to be wrong with a version. */
export function findWeaknesses(version: Version): Weakness[] {
  return weaknesses.filter(({ isIn }) => isIn(version));
}

export function versionText(version: Version): string {
  return version.join('.');
}

async function ask(binary: string): Promise<Version> {
  const { stdout, stderr, status } = await execute({
    file: binary,
    args: ['--version'],
    timeoutMs: trialTimeoutMs,
  }).catch((error: unknown) => {
    if (error instanceof BangerError) throw error;
    throw new BangerError('HostNotReady', `${binary} cannot be run: ${getProblem(error)}`, {
      remedy: 'set firecracker_bin to a Firecracker that can',
    });
  });
  const version = parseVersion(/^Firecracker v(\S+)/m.exec(stdout)?.[1] ?? '');
  if (status === 0 && version) return version;
  throw new BangerError('HostNotReady', `${binary} does not report its version`, {
    details: lastLines(stderr || stdout, 1, 200),
    remedy: 'set firecracker_bin to a Firecracker',
  });
}

/** Three numbers; what stands behind them, as in `1.14.0-dev`, does not count. */
function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?![\d.])/.exec(text) ?? [];
  return patch === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** From the first, and below the second. */
function isBetween(version: Version, first: Version, fixed: Version): boolean {
  return compare(version, first) >= 0 && compare(version, fixed) < 0;
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
