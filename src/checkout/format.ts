import { BangerError } from '../common/errors.ts';
import { shellQuote } from '../common/shell-quote.ts';
import { type GitSetting, lastValue } from './configuration.ts';

/** What a repository may need of a git that reads it; gitrepository-layout(5). Others are refused. */
const knownExtensions = new Set([
  'noop',
  'noop-v1',
  'objectformat',
  'partialclone',
  'preciousobjects',
  'refstorage',
  'relativeworktrees',
  'worktreeconfig',
]);
const knownVersions = ['0', '1'];
const knownObjectFormats = ['sha1', 'sha256'];

/**
 * Refuses a repository of a format that banger does not know, and that a git which knows it may have made.
 * @param top its directory
 * @throws NotSupported
 */
export function checkFormat(top: string, settings: readonly GitSetting[]): void {
  const refuse = (problem: string, remedy: string) =>
    new BangerError('NotSupported', `${top} ${problem}`, { remedy });
  const clone = 'clone it, without that, by the git that made it, and give the clone';
  const refs = lastValue(settings, 'extensions.refstorage') ?? 'files';
  if (refs !== 'files') {
    throw refuse(
      `keeps its refs in a ${refs}, which banger cannot read`,
      `run \`git -C ${shellQuote(top)} refs migrate --ref-format=files\` with git 2.46 or later`,
    );
  }
  const version = lastValue(settings, 'core.repositoryformatversion') ?? '0';
  if (!knownVersions.includes(version)) {
    throw refuse(
      `has version ${version} of git's format, and banger knows ${knownVersions.join(' and ')}`,
      clone,
    );
  }
  const objects = lastValue(settings, 'extensions.objectformat')?.toLowerCase() ?? 'sha1';
  if (!knownObjectFormats.includes(objects)) {
    throw refuse(
      `has objects of the format ${objects}, and banger knows ${knownObjectFormats.join(' and ')}`,
      clone,
    );
  }
  const prefix = 'extensions.';
  const unknown = settings.find(
    ({ key }) => key.startsWith(prefix) && !knownExtensions.has(key.slice(prefix.length)),
  );
  if (unknown) {
    throw refuse(
      `uses the extension ${unknown.key.slice(prefix.length)} of git's format, which banger does not know`,
      clone,
    );
  }
}
