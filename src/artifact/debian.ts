import { BangerError } from '../common/errors.ts';
import { execute } from '../common/exec.ts';

/** Debian's archive as this host reaches it. */
export interface DebianArchive {
  /** Lines of a sources.list: the release, its updates and its security fixes. */
  sources: readonly string[];
  /** The environment that a program fetching from it needs: the proxies apt is configured to use. */
  environment: NodeJS.ProcessEnv;
}

/** Debian's own; its package debian-archive-keyring carries it. */
export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Finds where to fetch a Debian release: from the mirrors that this host's apt is configured with for it. Its
 * updates and security fixes are taken along if the host has them.
 * @param suite the release's codename, such as `bookworm`
 * @throws HostNotReady if this host has no apt or no mirror of the release
 */
export async function debianArchive(suite: string, signal: AbortSignal): Promise<DebianArchive> {
  const configured = await configuredMirrors(signal);
  if (!configured.has(suite)) {
    throw new BangerError('HostNotReady', `apt has no mirror of Debian ${suite}, which this is made from`, {
      remedy: 'add one to /etc/apt/sources.list.d and run `apt-get update`',
    });
  }
  const sources = [suite, `${suite}-updates`, `${suite}-security`].flatMap((release) => {
    const uri = configured.get(release);
    return uri === undefined ? [] : [`deb [signed-by=${debianKeyring}] ${uri} ${release} main`];
  });
  return { sources, environment: await proxies(signal) };
}

/** The places of main by release, from this host's sources; those of other distributions name other releases. */
async function configuredMirrors(signal: AbortSignal): Promise<Map<string, string>> {
  const outcome = await execute({
    file: 'apt-get',
    args: ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'],
    timeoutMs: 10_000,
    signal,
  });
  if (outcome.status !== 0) {
    throw new BangerError('HostNotReady', `apt cannot read its sources: ${outcome.stderr.trim()}`);
  }
  const mirrors = new Map<string, string>();
  for (const line of outcome.stdout.split('\n')) {
    const [uri, release, component] = line.split(' ');
    if (uri && /^(https?|file|mirror):/.test(uri) && release && component === 'main') {
      if (!mirrors.has(release)) mirrors.set(release, uri);
    }
  }
  return mirrors;
}

async function proxies(signal: AbortSignal): Promise<NodeJS.ProcessEnv> {
  const environment: NodeJS.ProcessEnv = { ...process.env };
  for (const scheme of ['http', 'https'] as const) {
    const { stdout } = await execute({
      file: 'apt-config',
      args: ['dump', '--format', '%v%n', `Acquire::${scheme}::Proxy`],
      timeoutMs: 10_000,
      signal,
    });
    const proxy = stdout.split('\n')[0]?.trim();
    if (proxy && proxy !== 'DIRECT') environment[`${scheme}_proxy`] ??= proxy;
  }
  return environment;
}
