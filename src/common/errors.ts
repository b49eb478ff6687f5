/**
 * Every kind of failure banger tells its users about, by the code that stands in the D-Bus error name
 * `org.banger.Error.<code>`.
 */
export const errorCodes = [
  'NoSuchVM',
  'NoSuchImage',
  'NoSuchKernel',
  'NoSuchJob',
  'AlreadyExists',
  'InvalidName',
  'InvalidArgs',
  'InvalidConfig',
  'Busy',
  'InUse',
  'NotRunning',
  'DiskFull',
  'GuestUnreachable',
  'GuestFailed',
  'HostNotReady',
  'CommandFailed',
  'ImageDamaged',
  'NotARepository',
  'NotSupported',
  'DatabaseTooNew',
  'DaemonUnreachable',
  'Timeout',
  'Cancelled',
  'AccessDenied',
  'Internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * A failure that the user can read: one sentence with the cause and, where there is one, the remedy.
 * Everything that reaches a user is one of these; anything else is a bug and is reported as Internal.
 */
export class BangerError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BangerError';
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code (ENOENT, ENOSPC, …) of a failed system call, if this is one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Throws Cancelled if the signal was aborted. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new BangerError('Cancelled', 'cancelled on request');
}
