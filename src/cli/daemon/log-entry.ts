import type { LogEntry } from '../../client/logs/daemon-log.ts';
import { printable } from '../../common/text.ts';
import type { Style, Terminal } from '../output/terminal.ts';
import { localTime } from '../output/time.ts';

/** Names and styles of levels, as pino numbers them. */
const levels: Readonly<Record<number, readonly [name: string, style?: Style]>> = {
  10: ['TRACE', 'dim'],
  20: ['DEBUG', 'dim'],
  30: ['INFO'],
  40: ['WARN', 'yellow'],
  50: ['ERROR', 'red'],
  60: ['FATAL', 'red'],
};

/** `TIME LEVEL message  key=value`, for people. The process is left out; `--json` has it. */
export function formatEntry(
  { time, level, msg, pid: _pid, ...fields }: LogEntry,
  terminal: Pick<Terminal, 'style'>,
): string {
  const at = typeof time === 'string' || typeof time === 'number' ? localTime(new Date(time)) : undefined;
  const [name, style] = levels[Number(level)] ?? ['-'];
  const label = name.padEnd(5);
  const about = Object.entries(fields).map(
    ([key, value]) => `${terminal.style('dim', `${printable(key)}=`)}${printable(valueText(value))}`,
  );
  const parts = [
    terminal.style('dim', at ?? '-'),
    style ? terminal.style(style, label) : label,
    printable(typeof msg === 'string' ? msg : ''),
  ];
  return `${[parts.join(' '), ...about].join('  ')}\n`;
}

/** Bare where it is one word. */
function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? '';
}
