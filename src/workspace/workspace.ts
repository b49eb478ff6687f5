import type { Replies } from '../reader/protocol.ts';
import type { Bootstrap } from './bootstrap.ts';

export interface WorkspaceOptions {
  /** Where the workspace goes: an absolute path in the guest. */
  guestPath: string;
  /** A new branch to make in the guest. */
  branch?: string | undefined;
  /** The revision that the new branch starts from, with a clean tree; HEAD with local changes if absent. */
  from?: string | undefined;
  /** Whether to start the installation of the workspace's tools afterwards. */
  bootstrap?: boolean | undefined;
  /** The largest work tree that is sent, in bytes; of any size if absent. */
  maxBytes?: number | undefined;
  /** Milliseconds that reading the checkout may take, without its objects and contents. */
  readTimeoutMs?: number | undefined;
  /** A directory on the host with room for a copy of the history; the system's for temporary files if absent. */
  scratchDirectory?: string | undefined;
  /** Who is told of what would be left in the guest if we were killed. */
  mark?: Mark | undefined;
}

/** Remembers a directory in the guest that is to be removed unless it is forgotten. */
export interface Mark {
  remember(path: string): Promise<void> | void;
  forget(path: string): Promise<void> | void;
}

type Archived = Replies['archive'];

/** What was put into the guest. */
export interface Workspace extends Archived {
  /** The top of the checkout on the host. */
  source: string;
  guestPath: string;
  /** The branch that is checked out in the guest; null if HEAD is detached. */
  branch: string | null;
  /** The commit that is checked out in the guest; null if nothing was committed yet. */
  head: string | null;
  /** How many files and links of the work tree were sent, and their bytes. */
  files: number;
  bytes: number;
  commits: number;
  /** Whether older history was left out, here or in the source already. */
  shallow: boolean;
  /** `copied` with the work tree; `left` on the host because the guest starts from another revision. */
  localChanges: 'copied' | 'left';
  /** Untracked repositories inside of the checkout, which are not copied. */
  nestedRepositories: string[];
  bootstrap: Bootstrap | 'not-asked';
}
