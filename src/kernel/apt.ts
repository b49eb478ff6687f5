import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianArchive } from '../artifact/debian.ts';
import { BangerError } from '../common/errors.ts';
import { run } from '../common/exec.ts';
import type { Work } from '../work/work.ts';

/** Packages that were downloaded and not installed. */
export interface FetchedPackages {
  /** Paths of .deb files. */
  files: readonly string[];
  /** Which kernel it is, such as `debian:linux-image-6.1.0-1-cloud-amd64=6.1.1-1`. */
  source: string;
}

const downloadTimeoutMs = 10 * 60_000;

/**
 * Downloads the newest kernel of a release, and the static busybox for its initrd, with an apt that has its
 * own lists, cache and status in a scratch directory: the system's are neither read nor changed.
 * @param metapackage its first dependency is the kernel
 * @throws HostNotReady, CommandFailed, Timeout, Cancelled
 */
export async function fetchPackages(
  archive: DebianArchive,
  metapackage: string,
  scratch: string,
  work: Work,
): Promise<FetchedPackages> {
  const options = await privateApt(archive, scratch);
  const apt = (file: string, args: readonly string[]) =>
    run({
      file,
      args: [...options, ...args],
      timeoutMs: downloadTimeoutMs,
      signal: work.signal,
      cwd: scratch,
      // Where it checks signatures, it keeps temporary files, which it leaves there when it is killed.
      env: { ...archive.environment, TMPDIR: scratch },
      endsWithParent: true,
    });
  await apt('apt-get', ['--error-on=any', 'update']);
  work.stage('kernel-download', 0.3);
  const shown = await apt('apt-cache', ['show', '--no-all-versions', metapackage]);
  const [, name, version] = /^Depends: (linux-image-\S+) \(= (\S+)\)/m.exec(shown) ?? [];
  if (!name || !version) {
    throw new BangerError('CommandFailed', `the package ${metapackage} does not name a kernel`);
  }
  await apt('apt-get', ['download', `${name}=${version}`, 'busybox-static']);
  work.stage('kernel-download', 1);
  const files = (await readdir(scratch)).filter((file) => file.endsWith('.deb'));
  return { files: files.map((file) => join(scratch, file)), source: `debian:${name}=${version}` };
}

async function privateApt(archive: DebianArchive, scratch: string): Promise<string[]> {
  const at = (name: string) => join(scratch, name);
  await mkdir(at('state/lists/partial'), { recursive: true });
  await mkdir(at('cache/archives/partial'), { recursive: true });
  await writeFile(at('status'), '');
  await writeFile(at('sources.list'), archive.sources.map((line) => `${line}\n`).join(''));
  const settings = {
    'Dir::State': at('state'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'Dir::Etc::SourceList': at('sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    // Root's apt would download as another user, who cannot enter our directory.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // Other programs' hooks, such as the one that makes the software centre's index.
    'APT::Update::Post-Invoke': '',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
