/** What holds for every failure of one kind. */
interface ErrorKind {
  /** What such a failure means. */
  cause: string;
  /** What the user does about it, as a clause that can follow a message that names only its own cause. */
  remedy: string;
  /** The exit status of the CLI; commands that pass a guest's status on say 125 instead of 1. */
  status: 1 | 2 | 130;
}

const failed = 1;
const wrongUsage = 2;
const interrupted = 130;

/**
 * Every kind of failure banger tells its users about, by its code. The CLI takes its exit status from here,
 * the bus the names of its errors, every message without a remedy its remedy, and docs/errors.md its text.
 */
export const errorTable = {
  NoSuchVM: {
    cause: 'no VM has this name, this id or an id that alone begins so',
    remedy: 'see `banger vm list`',
    status: failed,
  },
  NoSuchImage: {
    cause: 'no image has this name or id, and the catalog has none of the name',
    remedy: 'see `banger image list`',
    status: failed,
  },
  NoSuchKernel: {
    cause: 'no kernel has this name or id, and the catalog has none of the name',
    remedy: 'see `banger kernel list`',
    status: failed,
  },
  AlreadyExists: {
    cause: 'the name or the place is taken',
    remedy: 'choose another name, or remove what is there',
    status: failed,
  },
  InvalidName: {
    cause: 'this cannot be a name',
    remedy: 'use up to 63 lower-case letters, digits and hyphens, such as web-1',
    status: wrongUsage,
  },
  InvalidArgs: {
    cause: 'a value or an option is not one that the command or method takes',
    remedy: 'see with --help, or in dbus/*.xml, what it takes',
    status: wrongUsage,
  },
  InvalidConfig: {
    cause: 'a setting in the configuration file or in the environment is wrong',
    remedy: 'correct it and run the command again',
    status: failed,
  },
  Busy: {
    cause: 'something else is being done to it',
    remedy: 'wait for that to end, or cancel it, and try again',
    status: failed,
  },
  InUse: {
    cause: 'something else needs it',
    remedy: 'remove what uses it first',
    status: failed,
  },
  NotRunning: {
    cause: 'this needs a VM that runs',
    remedy: 'start it with `banger vm start`',
    status: failed,
  },
  DiskFull: {
    cause: "the host's file system, a quota or the guest's disk has no room left",
    remedy: 'free some space and try again',
    status: failed,
  },
  GuestUnreachable: {
    cause: 'the guest runs but does not answer',
    remedy: 'stop and start the VM if it does not come back',
    status: failed,
  },
  GuestFailed: {
    cause: 'the guest ended or refused what it was asked',
    remedy: 'read its console with `banger vm logs`',
    status: failed,
  },
  HostNotReady: {
    cause: 'this host lacks a program, a permission or a directory that it takes',
    remedy: 'run `banger doctor` for what is missing and the command that fixes it',
    status: failed,
  },
  CommandFailed: {
    cause: 'a program of the host that banger ran has failed',
    remedy: 'fix the error above, or see the log that `banger daemon status` names',
    status: failed,
  },
  ImageDamaged: {
    cause: 'the files of an image, a kernel or a VM are not as they were made',
    remedy: 'delete it and make it again',
    status: failed,
  },
  NotARepository: {
    cause: 'the path is not in a git checkout',
    remedy: 'give the directory of a checkout, or none for an empty sandbox',
    status: failed,
  },
  UnsafeRepository: {
    cause: "the checkout's git directory is not its own, leads elsewhere, or holds what git does not make",
    remedy: 'clone it with `git clone`, and give the clone',
    status: failed,
  },
  NotSupported: {
    cause: 'this version of banger cannot do that',
    remedy: 'see docs/commands.md for what it can',
    status: failed,
  },
  DatabaseTooNew: {
    cause: 'a newer banger wrote the state',
    remedy: 'install that version again',
    status: failed,
  },
  DaemonUnreachable: {
    cause: 'bangerd does not run, cannot start or has gone away',
    remedy: 'try again, and see `banger daemon logs` if that fails too',
    status: failed,
  },
  Timeout: {
    cause: 'something took longer than it may',
    remedy: 'try again when the host is less busy',
    status: failed,
  },
  Cancelled: {
    cause: 'the work was interrupted or cancelled, and what it did is undone',
    remedy: 'run it again if it is wanted',
    status: interrupted,
  },
  AccessDenied: {
    cause: 'this belongs to another client',
    remedy: 'ask for it as the client that it belongs to',
    status: failed,
  },
  Internal: {
    cause: 'a bug in banger',
    remedy: "report it with the daemon's log, which `banger daemon status` names",
    status: failed,
  },
} as const satisfies Record<string, ErrorKind>;

/** The code of a kind of failure. */
export type ErrorCode = keyof typeof errorTable;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];
