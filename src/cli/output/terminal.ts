import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** What a stream can show. */
export interface Terminal {
  write(text: string): void;
  /** Whether a line can be drawn over again. */
  readonly live: boolean;
  readonly unicode: boolean;
  /** Columns to fit into; none where nobody looks. */
  columns(): number | undefined;
  /** Lines to fit into; none where nobody looks. */
  rows(): number | undefined;
  style(style: Style, text: string): string;
}

type Stream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns' | 'rows'>;

/**
 * What can be done on a stream, after TERM, the locale and what users set: NO_COLOR (no-color.org) wins over
 * CLICOLOR_FORCE and FORCE_COLOR; COLUMNS and LINES, where exported, over the size of the window (POSIX, XBD 8.3).
 */
export function describeTerminal(stream: Stream, env: NodeJS.ProcessEnv = process.env): Terminal {
  const live = stream.isTTY === true && env.TERM !== 'dumb' && env.TERM !== undefined;
  const colour = !env.NO_COLOR && (live || isSet(env.CLICOLOR_FORCE) || isSet(env.FORCE_COLOR));
  return {
    write: (text) => {
      stream.write(text);
    },
    live,
    unicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ''),
    columns: () => (stream.isTTY ? countIn(env.COLUMNS) || stream.columns || 80 : undefined),
    rows: () => (stream.isTTY ? countIn(env.LINES) || stream.rows || 24 : undefined),
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

function countIn(value: string | undefined): number {
  return value !== undefined && /^\d{1,5}$/.test(value) ? Number(value) : 0;
}
