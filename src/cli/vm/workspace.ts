import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BangerError, systemCodeOf } from '../../common/errors.ts';
import { execute } from '../../common/exec.ts';
import { requirePrograms } from '../../common/host-programs.ts';

const gitTimeoutMs = 10_000;

/** What PrepareWorkspace is asked for. */
export interface WorkspaceRequest {
  source: string;
  options: Record<string, string>;
}

/**
 * Checks what can be known of a workspace before a VM is made for it. The daemon checks again.
 * @throws InvalidArgs, NotARepository, HostNotReady
 */
export async function workspaceSource(
  path: string,
  { branch, from }: { branch: string | undefined; from: string | undefined },
): Promise<WorkspaceRequest> {
  const source = existing(path);
  requirePrograms('git', 'tar');
  if (!insideCheckout(source)) {
    if (await git(source, 'rev-parse', '--git-dir')) {
      throw new BangerError(
        'NotARepository',
        `${path} is a bare repository, which has no files to copy; clone it and give the clone`,
      );
    }
    throw new BangerError(
      'NotARepository',
      `${path} is not inside a git checkout; run \`git init\` there, or leave the path out for an empty sandbox`,
    );
  }
  if (branch !== undefined && !(await git(source, 'check-ref-format', '--branch', branch))) {
    throw new BangerError(
      'InvalidArgs',
      `${branch} is not a valid name for a branch; choose one that git accepts`,
    );
  }
  if (
    from !== undefined &&
    !(await git(source, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${from}^{commit}`))
  ) {
    throw new BangerError(
      'InvalidArgs',
      `the repository at ${path} has no revision ${from}; give one that \`git log\` knows`,
    );
  }
  return {
    source,
    options: { ...(branch !== undefined && { branch }), ...(from !== undefined && { from }) },
  };
}

function existing(path: string): string {
  try {
    const source = realpathSync(path);
    if (statSync(source).isDirectory()) return source;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new BangerError('InvalidArgs', `${path} cannot be read (${code}); check its permissions`, {
        cause: error,
      });
    throw new BangerError(
      'InvalidArgs',
      `there is no directory ${path}; give the directory of a git checkout`,
    );
  }
  throw new BangerError('InvalidArgs', `${path} is not a directory; give the directory of a git checkout`);
}

/** `.git` is a directory in a repository and a file in a linked work tree. */
function insideCheckout(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true;
    if (at === dirname(at)) return false;
  }
}

async function git(directory: string, ...args: string[]): Promise<boolean> {
  const outcome = await execute({ file: 'git', args: ['-C', directory, ...args], timeoutMs: gitTimeoutMs });
  return outcome.status === 0;
}
