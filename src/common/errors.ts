import { type ErrorCode, errorTable } from './error-table.ts';
import { foreignWords, oneLine, printable } from './text.ts';

/** A reason why something does not work, which need not be an error. */
export interface Obstacle {
  problem: string;
  /** What the user does about it, where that is known. */
  remedy?: string | undefined;
}

/** What an error may say besides its problem. */
export interface ErrorFields {
  /** What a guest, a program or a repository said about it: of any content, and empty if it said nothing. */
  details?: string | undefined;
  /** What the user does about it; that of the code unless given. */
  remedy?: string | undefined;
  /** What was thrown below, for the log. */
  cause?: unknown;
}

/** How many UTF-16 units of the words of others a message has. */
const maxDetails = 1_000;

/**
 * A failure that the user can read: the problem, what others said about it, and the remedy, each on one line. Everything
 * that reaches a user is one of these; anything else is a bug and is reported as Internal. All of it is printable,
 * whatever a guest, a repository or a program put into it. The message is `formatSentence` of it.
 */
export class BangerError extends Error implements Obstacle {
  readonly code: ErrorCode;
  /** What happened, with the details. */
  readonly problem: string;
  readonly remedy: string;
  /** Whether the remedy was written for this problem, and is not just that of the code. */
  readonly hasOwnRemedy: boolean;

  constructor(code: ErrorCode, problem: string, { details, remedy, ...options }: ErrorFields = {}) {
    const said = foreignWords(details?.replace(/\.\s*$/, '') ?? '', maxDetails);
    const shown = foreignWords(problem.replace(/\.$/, ''), Number.POSITIVE_INFINITY) + (said && `: ${said}`);
    const help = printable(oneLine(remedy ?? errorTable[code].remedy), Number.POSITIVE_INFINITY);
    super(formatSentence({ problem: shown, remedy: help }), options);
    this.name = 'BangerError';
    this.code = code;
    this.problem = shown;
    this.remedy = help;
    this.hasOwnRemedy = remedy !== undefined;
  }
}

/** Formats a problem for people: `PROBLEM; REMEDY`. The problem of an error has no semicolon before a space. */
export function formatSentence({ problem, remedy }: Obstacle): string {
  return remedy ? `${problem}; ${remedy}` : problem;
}

/** Parses what `formatSentence` made: an error comes over D-Bus as its name and this sentence. */
export function parseSentence(sentence: string): Obstacle {
  const end = sentence.indexOf('; ');
  if (end < 0) return { problem: sentence };
  return { problem: sentence.slice(0, end), remedy: sentence.slice(end + 2) };
}

/** Gets the whole message of anything that was thrown, with the remedy where it has one. */
export function getMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Gets what happened, without the remedy: for a message about something that failed because of it. */
export function getProblem(error: unknown): string {
  return error instanceof BangerError ? error.problem : getMessage(error);
}

/** Gets the remedy that was written for this error, for another that has the same remedy. */
export function getOwnRemedy(error: unknown): string | undefined {
  return error instanceof BangerError && error.hasOwnRemedy ? error.remedy : undefined;
}

/** Gets the system's code (ENOENT, ENOSPC, …) of a failed system call, if this is one. */
export function getSystemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
