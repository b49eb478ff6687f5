import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BangerError, getSystemCode } from '../common/errors.ts';
import { requirePrograms } from '../common/host-programs.ts';
import { currentDirectory } from '../common/user.ts';
import { checkCheckout } from '../reader/reader.ts';
import type { OptionsOf } from './contract.ts';

/** Reading all that git knows of a checkout, but for its files. */
const checkMs = 60_000;

/** What PrepareWorkspace is asked for. */
export interface WorkspaceCall {
  source: string;
  options: OptionsOf<'org.banger.VM1', 'PrepareWorkspace'>;
}

/**
 * Checks what can be known of a workspace before a VM is made for it. The daemon checks again.
 * @throws InvalidArgs, InvalidName, AlreadyExists, NotARepository, UnsafeRepository, NotSupported, HostNotReady, Timeout
 */
export async function workspaceSource(
  path: string,
  { branch, from }: { branch: string | undefined; from: string | undefined },
  signal: AbortSignal,
): Promise<WorkspaceCall> {
  requirePrograms('git');
  const directory = existing(path);
  const staging = mkdtempSync(join(tmpdir(), 'banger-check-'));
  try {
    await checkCheckout({ directory, staging, branch, from }, { timeoutMs: checkMs, signal });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return {
    source: directory,
    options: { ...(branch !== undefined && { branch }), ...(from !== undefined && { from }) },
  };
}

/** The program in its own directory resolves no relative path of ours. */
function existing(path: string): string {
  const whole = resolve(currentDirectory(), path);
  try {
    return realpathSync(whole);
  } catch (error) {
    const code = getSystemCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new BangerError('InvalidArgs', `${path} cannot be read (${code})`, {
        remedy: 'check its permissions',
        cause: error,
      });
    throw new BangerError('InvalidArgs', `there is no directory ${path}`, {
      remedy: 'give the directory of a git checkout',
    });
  }
}
