import { BangerError } from './errors.ts';
import { execute } from './exec.ts';

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
 * Where to fetch a Debian release: from the mirrors that this host's apt is configured with for the same
 * release, else from Debian's own.
 * @param suite the release's codename, such as `bookworm`
 * @throws HostNotReady if this host has no apt
 */
export async function debianArchive(suite: string, signal: AbortSignal): Promise<DebianArchive> {
  const configured = await configuredMirrors(signal);
  const mirror = (of: string, otherwise: string) => {
    const uri = configured.get(of) ?? otherwise;
    return `deb [signed-by=${debianKeyring}] ${uri} ${of} main`;
  };
  return {
    sources: [
      mirror(suite, 'http://mirror.example/debian'),
      mirror(`${suite}-updates`, 'http://mirror.example/debian'),
      mirror(`${suite}-security`, 'http://mirror.example/debian-security'),
    ],
    environment: await proxies(signal),
  };
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
