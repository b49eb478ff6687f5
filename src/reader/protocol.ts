import type { ErrorCode } from '../common/error-table.ts';
import type { Obstacle } from '../common/errors.ts';

/**
 * What the program that reads checkouts is asked, each as a line of JSON on its standard input. What it found out for `read`
 * it keeps for the questions after it. It ends with its input.
 */
export type Request =
  | ({ act: 'check' | 'read' } & CheckoutSource)
  /** Packs the history. */
  | { act: 'pack' }
  /** Writes everything to `archiveDescriptor` as a tar archive, which ends with an empty file of that name; once. */
  | { act: 'archive'; mark: string }
  /** Makes the guest's index, with what the guest's file system says of the known files; see `statsFile`. */
  | { act: 'index' };

/** What is read, and how the guest is to start. */
export interface CheckoutSource {
  /** A directory in the checkout. */
  directory: string;
  /** A private directory, empty at first, in which the program works. Who made it removes it. */
  staging: string;
  /** A new branch to make in the guest. */
  branch?: string | undefined;
  /** The revision that the new branch starts from. */
  from?: string | undefined;
  /** The largest work tree that the guest has room for, in bytes. */
  maxBytes?: number | undefined;
}

/** What it answers, each as a line of JSON on `answerDescriptor`. */
export type Answer<Act extends Request['act']> = { reply: Replies[Act] } | { failure: Failure };

/** What it answers to each. */
export interface Replies {
  check: Record<string, never>;
  read: {
    /** The top of the checkout. */
    source: string;
    branch: string | null;
    head: string | null;
    /** Whether the guest gets the clean tree of a revision. */
    clean: boolean;
    files: number;
    bytes: number;
    nestedRepositories: string[];
    hasIndex: boolean;
  };
  pack: { commits: number; shallow: boolean; bytes: number };
  archive: {
    /** Files that vanished meanwhile or cannot be read; the first of them by name. */
    skipped: { count: number; names: string[] };
    /** Files that were written to while they were read, and may be of two states. */
    changed: number;
  };
  index: {
    /** Whether there are files of which git in the guest has to read the contents. */
    inDoubt: boolean;
    /** When the youngest of the known files was changed, in seconds since 1970; 0 if none is known. */
    youngest: number;
  };
}

/** An error of the program's. */
export interface Failure extends Obstacle {
  code: ErrorCode;
}

/** Files in the staging directory. */
/** The paths of the files that the host's git knows without reading them, each ended by a NUL. */
export const knownFile = 'known';
/** What the guest says of each of them, a line each: `%Z %Y %d %i %u %g %s` of stat(1), or an empty line. */
export const statsFile = 'stats';
/** The index for the guest. */
export const guestIndexFile = 'index.guest';
/** File descriptors of the program. */
export const answerDescriptor = 3;
export const archiveDescriptor = 4;
