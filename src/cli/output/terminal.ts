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

/** What can be done on a stream, after NO_COLOR, TERM and the locale. */
export function terminalOf(stream: Stream, env: NodeJS.ProcessEnv = process.env): Terminal {
  const live = stream.isTTY === true && env.TERM !== 'dumb' && env.TERM !== undefined;
  const colour = live && !env.NO_COLOR;
  return {
    write: (text) => {
      stream.write(text);
    },
    live,
    unicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ''),
    columns: () => (stream.isTTY ? stream.columns || 80 : undefined),
    rows: () => (stream.isTTY ? stream.rows || 24 : undefined),
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  };
}
