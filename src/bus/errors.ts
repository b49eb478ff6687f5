import { BangerError, type ErrorCode, errorCodes } from '../common/errors.ts';

const bangerPrefix = 'org.banger.Error.';
const standardPrefix = 'org.freedesktop.DBus.Error.';

/** The standard error names that mean something of their own to banger; the rest is Internal. */
const standardCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ['InvalidArgs', 'InvalidArgs'],
  ['ServiceUnknown', 'DaemonUnreachable'],
  ['NameHasNoOwner', 'DaemonUnreachable'],
  ['NoReply', 'DaemonUnreachable'],
  ['Disconnected', 'DaemonUnreachable'],
  ['Timeout', 'Timeout'],
  ['TimedOut', 'Timeout'],
]);

/** A failure that another program answered over the bus. */
export class RemoteError extends BangerError {
  /** The whole name it had on the bus. */
  readonly dbusName: string;

  constructor(dbusName: string, message: string) {
    super(codeOf(dbusName), message || dbusName);
    this.dbusName = dbusName;
  }
}

function codeOf(dbusName: string): ErrorCode {
  if (dbusName.startsWith(bangerPrefix)) {
    const code = dbusName.slice(bangerPrefix.length);
    return errorCodes.find((known) => known === code) ?? 'Internal';
  }
  if (!dbusName.startsWith(standardPrefix)) return 'Internal';
  const name = dbusName.slice(standardPrefix.length);
  return name.startsWith('Spawn.') ? 'DaemonUnreachable' : (standardCodes.get(name) ?? 'Internal');
}

/** What a served object answers for something that a standard error name says best. */
export class StandardError extends Error {
  readonly dbusName: string;

  constructor(
    name: 'InvalidArgs' | 'PropertyReadOnly' | `Unknown${'Method' | 'Interface' | 'Object' | 'Property'}`,
    message: string,
  ) {
    super(message);
    this.dbusName = standardPrefix + name;
  }
}

/** The name under which a failure goes to the caller; nothing if the caller may know no more than that it failed. */
export function dbusNameOf(error: unknown): string | undefined {
  if (error instanceof StandardError) return error.dbusName;
  if (!(error instanceof BangerError) || error.code === 'Internal') return undefined;
  return error.code === 'InvalidArgs' ? `${standardPrefix}InvalidArgs` : bangerPrefix + error.code;
}

/** The name of a failure that is a bug, or that this version has no code for. */
export const internalErrorName = `${bangerPrefix}Internal`;
