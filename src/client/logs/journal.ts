import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BangerError, getMessage, getSystemCode } from '../../common/errors.ts';
import type { Program } from '../../common/program.ts';
import { lastLines } from '../../common/text.ts';
import type { LogSource } from '../../logs/log-file.ts';

export interface JournalQuery {
  follow?: boolean;
  /** How many of the last entries; all where absent. */
  lines?: number;
  /** Only what was said since then, in microseconds since the epoch. */
  since?: number;
  /** Only what comes after this entry. */
  afterCursor?: string;
}

/** One entry as people are shown it. */
export interface JournalLine {
  /** RFC 3339. */
  time: string;
  /** As syslog numbers them: 0 emerg to 7 debug. */
  priority: number;
  message: string;
  /** All fields, by their names in the journal, such as `BANGER_VM_ID`. */
  fields: Readonly<Record<string, string>>;
}

/** What stays of a reader that has nothing more to say; the rest of its words is not kept. */
const keptWords = 4096;

/**
 * The command that reads entries of this user as lines of JSON, the oldest first.
 * @param matches as `journalctl` takes them: `_SYSTEMD_USER_UNIT=bangerd.service`, `+` between alternatives
 */
export function journalCommand(
  matches: readonly string[],
  { follow = false, lines, since, afterCursor }: JournalQuery = {},
): Program {
  const options = ['--user', '--quiet', '--no-pager', '--all', '--output=json', `--lines=${lines ?? 'all'}`];
  if (follow) options.push('--follow');
  if (since !== undefined) options.push(`--since=@${(since / 1e6).toFixed(6)}`);
  if (afterCursor !== undefined) options.push(`--after-cursor=${afterCursor}`);
  return { file: 'journalctl', args: [...options, ...matches] };
}

/** The matches for all that a unit of this user says, and what its manager says of it. */
export function unitMatches(unit: string): string[] {
  return [`_SYSTEMD_USER_UNIT=${unit}`, '+', `USER_UNIT=${unit}`];
}

/** Reads a line of `--output=json` (systemd, "Journal Export Formats"); nothing for a line that is none. */
export function parseJournalEntry(line: string): JournalLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const fields = Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, textOf(value)]));
  const microseconds = Number(fields._SOURCE_REALTIME_TIMESTAMP ?? fields.__REALTIME_TIMESTAMP);
  if (!Number.isFinite(microseconds)) return undefined;
  return {
    time: new Date(microseconds / 1000).toISOString(),
    priority: Number(fields.PRIORITY ?? 6),
    message: fields.MESSAGE ?? '',
    fields,
  };
}

/** Bytes that are no text come as numbers, and a field that is there several times as a list. */
function textOf(value: unknown): string {
  if (!Array.isArray(value)) return value === null ? '' : String(value);
  const isBytes = value.every((item) => typeof item === 'number');
  return isBytes ? Buffer.from(value).toString('utf8') : textOf(value[0]);
}

/**
 * Entries of the journal as a log that grows: lines of `--output=json`. What is there is read once; one
 * `journalctl --follow` tells what comes later, from the second reading on.
 */
export class JournalLog implements LogSource {
  readonly #matches: readonly string[];
  readonly #query: JournalQuery;
  #cursor: string | undefined;
  #seen = false;
  #follower: Follower | undefined;
  #isFirst = true;

  constructor(matches: readonly string[], query: Pick<JournalQuery, 'lines' | 'since'> = {}) {
    this.#matches = matches;
    this.#query = query;
  }

  /** Is true if there was an entry. */
  get seen(): boolean {
    return this.#seen;
  }

  /** @throws HostNotReady if the journal cannot be read */
  async *news(): AsyncGenerator<Buffer> {
    if (this.#isFirst) {
      this.#isFirst = false;
      yield* this.#readAll();
      return;
    }
    const from = this.#cursor === undefined ? this.#query : { afterCursor: this.#cursor };
    this.#follower ??= new Follower(journalCommand(this.#matches, { ...from, follow: true }));
    for (const chunk of this.#follower.take()) {
      this.#seen = true;
      yield chunk;
    }
  }

  /** Ends the reader. */
  close(): void {
    this.#follower?.end();
  }

  async *#readAll(): AsyncGenerator<Buffer> {
    const reader = new Follower(journalCommand(this.#matches, this.#query));
    let tail: Buffer = Buffer.alloc(0);
    for await (const chunk of reader.all()) {
      this.#seen = true;
      yield chunk;
      tail = lastLineOf(tail, chunk);
    }
    this.#cursor = parseJournalEntry(tail.toString('utf8'))?.fields.__CURSOR;
  }
}

/** The last line of a text that goes on, its end included. */
function lastLineOf(before: Buffer, chunk: Buffer): Buffer {
  const all = Buffer.concat([before, chunk]);
  const end = all.lastIndexOf('\n', all.length - 2);
  return all.subarray(end + 1);
}

/** A journalctl that runs. */
class Follower {
  readonly #child: ChildProcess;
  readonly #chunks: Buffer[] = [];
  #words = '';
  #failure: BangerError | undefined;

  constructor({ file, args }: Program) {
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr?.on('data', (words: Buffer) => {
      this.#words = `${this.#words}${words.toString('utf8')}`.slice(-keptWords);
    });
    this.#child.on('error', (error) => {
      if (getSystemCode(error) === 'ENOENT') {
        this.#fail('journalctl is not installed', 'install the package systemd');
      } else this.#fail(getMessage(error));
    });
    this.#child.on('close', (status) => {
      if (status !== 0 && status !== null) this.#fail(lastLines(this.#words, 3, 500) || `status ${status}`);
    });
  }

  /** What has come since. @throws HostNotReady */
  take(): Buffer[] {
    if (this.#chunks.length === 0 && this.#child.stdout?.listenerCount('data') === 0) {
      this.#child.stdout.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    }
    if (this.#failure) throw this.#failure;
    return this.#chunks.splice(0);
  }

  /** All that it says, to its end. @throws HostNotReady */
  async *all(): AsyncGenerator<Buffer> {
    const closed = once(this.#child, 'close').catch(() => undefined);
    if (this.#child.stdout) yield* this.#child.stdout;
    await closed;
    if (this.#failure) throw this.#failure;
  }

  end(): void {
    this.#child.kill();
  }

  #fail(why: string, remedy?: string): void {
    this.#failure ??= new BangerError('HostNotReady', 'the journal cannot be read', { details: why, remedy });
  }
}
