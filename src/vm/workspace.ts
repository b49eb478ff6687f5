import type { Work } from '../common/work.ts';
import { prepareWorkspace } from '../workspace/prepare.ts';
import { connectionOf } from './connection.ts';
import type { VmContext } from './context.ts';

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
  const options = { guestPath, branch, from, bootstrap, scratchDirectory: context.host.cacheDirectory };
  const shell = context.host.shells.shellOf(context.id, () => connectionOf(context));
  const workspace = await prepareWorkspace(shell, source, options, work);
  context.host.log.info({ vm: context.id, workspace }, `copied ${source} to ${guestPath}`);
}
