import { type ErrorCode, errorCodes } from '../common/error-table.ts';
import { BangerError, parseSentence } from '../common/errors.ts';
import { asKnownFailure } from '../common/system-error.ts';
import { printable } from '../common/text.ts';

const bangerPrefix = 'org.banger.Error.';
const standardPrefix = 'org.freedesktop.DBus.Error.';

/** The codes for which D-Bus has a name of its own, which clients know already. */
const standardNames: Partial<Readonly<Record<ErrorCode, string>>> = {
  InvalidArgs: 'InvalidArgs',
  AccessDenied: 'AccessDenied',
};

/** What standard names mean that other programs answer with; those of `standardNames` too. The rest is Internal. */
const standardCodes: Readonly<Record<string, ErrorCode>> = {
  ServiceUnknown: 'DaemonUnreachable',
  NameHasNoOwner: 'DaemonUnreachable',
  NoReply: 'DaemonUnreachable',
  Disconnected: 'DaemonUnreachable',
  NoServer: 'DaemonUnreachable',
  Timeout: 'Timeout',
  TimedOut: 'Timeout',
  NoMemory: 'HostNotReady',
  LimitsExceeded: 'Busy',
  // A daemon of another version.
  UnknownMethod: 'NotSupported',
  UnknownInterface: 'NotSupported',
  UnknownProperty: 'NotSupported',
};

/** A failure that another program answered over the bus. */
export class RemoteError extends BangerError {
  /** The whole name it had on the bus. */
  readonly dbusName: string;

  constructor(dbusName: string, message: string) {
    const { problem, remedy } = parseSentence(message || dbusName);
    super(codeOf(dbusName), problem, { remedy });
    this.dbusName = dbusName;
  }
}

function codeOf(dbusName: string): ErrorCode {
  const known = errorCodes.find((code) => nameOnBus(code) === dbusName);
  if (known || !dbusName.startsWith(standardPrefix)) return known ?? 'Internal';
  const name = dbusName.slice(standardPrefix.length);
  if (name.startsWith('Spawn.')) return 'DaemonUnreachable';
  return (Object.hasOwn(standardCodes, name) ? standardCodes[name] : undefined) ?? 'Internal';
}

/** The name of the errors of a code on the bus. */
export function nameOnBus(code: ErrorCode): string {
  const standard = standardNames[code];
  return standard === undefined ? bangerPrefix + code : standardPrefix + standard;
}

/** What a served object answers for something that a standard error name says best. */
export class StandardError extends Error {
  readonly dbusName: string;

  constructor(
    name: 'InvalidArgs' | 'PropertyReadOnly' | `Unknown${'Method' | 'Interface' | 'Object' | 'Property'}`,
    message: string,
  ) {
    super(printable(`${message}; introspection shows what exists and what it takes`));
    this.dbusName = standardPrefix + name;
  }
}

/**
 * What a caller is told of a failure: the name and the message; nothing if it may know no more than that it
 * failed.
 */
export function toErrorReply(error: unknown): { name: string; message: string } | undefined {
  if (error instanceof StandardError) return { name: error.dbusName, message: error.message };
  const known = asKnownFailure(error);
  if (!(known instanceof BangerError) || known.code === 'Internal') return undefined;
  return { name: nameOnBus(known.code), message: known.message };
}
