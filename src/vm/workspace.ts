import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { BangerError } from '../common/errors.ts';
import type { Work } from '../work/work.ts';
import { prepareWorkspace } from '../workspace/prepare.ts';
import { removeInGuest } from '../workspace/target.ts';
import type { Mark } from '../workspace/workspace.ts';
import { getSshConnection } from './connection.ts';
import { getVm, type VmContext } from './context.ts';

/** Where a workspace goes when nobody says. */
const defaultGuestPath = '/root/repo';

export interface WorkspaceRequest {
  /** A directory in a checkout on the host. */
  source: string;
  guestPath?: string | undefined;
  branch?: string | undefined;
  from?: string | undefined;
  bootstrap: boolean;
}

/** Copies a checkout of the host into a running VM. @throws what `prepareWorkspace` throws, and NotRunning */
export async function prepare(context: VmContext, request: WorkspaceRequest, work: Work): Promise<void> {
  const { source, guestPath = defaultGuestPath, branch, from, bootstrap } = request;
  const { host, id } = context;
  await discardCutShort(context);
  const { diskBytes: maxBytes } = getVm(context);
  const options = { scratchDirectory: host.scratchDirectory, mark: markOf(context), maxBytes };
  const workspace = await prepareWorkspace(
    shellOf(context),
    source,
    { guestPath, branch, from, bootstrap, ...options },
    work,
  );
  host.log.info({ vm: id, workspace }, `copied ${source} to ${guestPath}`);
}

/**
 * Removes from a running guest what a prepare left there whose daemon was killed; does nothing if there is nothing.
 * @throws GuestFailed if it cannot be removed now
 */
export async function discardCutShort(context: VmContext): Promise<void> {
  const path = remembered(context);
  if (path === undefined) return;
  if (!(await removeInGuest(shellOf(context), path))) {
    throw new BangerError(
      'GuestFailed',
      `${path} in ${getVm(context).name}, which a prepare that was cut short has left, cannot be removed`,
      { remedy: 'remove it there' },
    );
  }
  markOf(context).forget(path);
}

function shellOf(context: VmContext) {
  return context.host.shells.shellOf(context.id, () => getSshConnection(context));
}

/** A file beside the VM's disks, which goes with them. */
function markOf(context: VmContext): Mark {
  const { cutShort } = context.files;
  return {
    remember: (path) => writeFileSync(cutShort, path, { mode: 0o600, flush: true }),
    forget: (path) => {
      // A later prepare may have put its own in the place of it.
      if (remembered(context) === path) rmSync(cutShort, { force: true });
    },
  };
}

function remembered({ files }: VmContext): string | undefined {
  try {
    return readFileSync(files.cutShort, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}
