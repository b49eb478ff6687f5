import { type ErrorCode, errorTable } from './error-table.ts';
import { printable } from './text.ts';

/**
 * A failure that the user can read: one line with the cause and the remedy, `cause; remedy`. A message of one
 * clause gets the remedy of its code. Everything that reaches a user is one of these; anything else is a bug
 * and is reported as Internal. Its message is printable, whatever a guest, a repository or a program put into it.
 */
export class BangerError extends Error {
  readonly code: ErrorCode;

  /** @param message one clause with the cause, or two with the remedy after a semicolon */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(printable(withRemedy(code, oneLine(message)), Number.POSITIVE_INFINITY), options);
    this.name = 'BangerError';
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What happened, without the remedy, for who knows a better one. */
export function causeOf(error: unknown): string {
  return messageOf(error).split('; ')[0] ?? '';
}

/** The system's code (ENOENT, ENOSPC, …) of a failed system call, if this is one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function oneLine(message: string): string {
  return message.trim().replace(/\s*[\r\n]+\s*/g, ' / ');
}

function withRemedy(code: ErrorCode, message: string): string {
  return message.includes('; ') ? message : `${message.replace(/\.$/, '')}; ${errorTable[code].remedy}`;
}
