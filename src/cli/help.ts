import type { CommandType } from './command.ts';
import { type CommandEntry, commands, groups } from './commands.ts';
import { type Defaults, noDefaults } from './defaults.ts';
import { output } from './output/streams.ts';
import { describeTerminal } from './output/terminal.ts';
import { listOptions } from './parser.ts';

const widest = 88;
/** Text beside a name gets at least this many columns; where there are fewer it stands below. */
const minBeside = 28;
const below = 6;

/** The help of the whole program. */
export function programHelp(): string {
  const { heading, columns } = layout();
  const rows = commands.map(({ path, summary }) => [path.join(' '), summary] as const);
  return [
    wrap(
      'banger runs a real Linux VM per task: its own kernel, a persistent /root, Docker inside.',
      columns,
      0,
    ),
    '\n',
    heading('Usage'),
    '  banger COMMAND [OPTIONS]\n\n',
    heading('Start here'),
    pairs(
      [
        ['banger vm run', 'a clean sandbox and a shell in it'],
        ['banger vm run ./repo', 'the same with the repository at /root/repo'],
        ['banger vm run ./repo -- make test', 'run a command there; banger exits with its status'],
        ['banger vm run --rm ./repo -- make test', 'and delete the VM afterwards'],
      ],
      columns,
    ),
    '\n',
    heading('Commands'),
    pairs(rows, columns),
    '\n',
    wrap('`banger COMMAND --help` explains a command and gives examples.', columns, 0),
    wrap(
      'Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted; commands in a VM give their own, 128+n for a signal and 125 for a failure of banger itself. Diagnostics go to stderr.',
      columns,
      0,
    ),
  ].join('');
}

/** The help of the commands that begin with this word. */
export function groupHelp(group: string): string {
  const { heading, columns } = layout();
  const rows = commands
    .filter(({ path }) => path[0] === group)
    .map(({ path, aliases, summary }) => {
      const also = aliases?.map((alias) => alias.slice(1).join(' ')).join(', ');
      return [path.join(' '), also ? `${summary} (also: ${also})` : summary] as const;
    });
  return [
    wrap(`${groups[group] ?? group}.`, columns, 0),
    '\n',
    heading('Usage'),
    `  banger ${group} COMMAND [OPTIONS]\n\n`,
    heading('Commands'),
    pairs(rows, columns),
    '\n',
    wrap(`\`banger ${group} COMMAND --help\` explains a command and gives examples.`, columns, 0),
  ].join('');
}

/**
 * The help of one command.
 * @param defaults what the settings say that stand in for its options; see `defaultsOf`
 */
export function commandHelp(entry: CommandEntry, type: CommandType, defaults: Defaults = noDefaults): string {
  const { heading, columns } = layout();
  const name = `banger ${entry.path.join(' ')}`;
  const { synopsis, details = [], examples } = type.help;
  const options = explained(type, defaults.texts);
  return [
    wrap(`${entry.summary}.`, columns, 0),
    '\n',
    heading('Usage'),
    `  ${name} ${synopsis}`.trimEnd(),
    '\n\n',
    heading('Options'),
    pairs([...options, ['-h, --help', 'Print this help']], columns),
    ...(defaults.obstacle === undefined ? [] : ['\n', `${defaults.obstacle}\n`]),
    ...details.flatMap((paragraph) => ['\n', wrap(paragraph, columns, 0)]),
    '\n',
    heading('Examples'),
    // An example is not wrapped: it is there to be copied.
    ...examples.flatMap(([what, example]) => [wrap(`# ${what}`, columns, 2), `  banger ${example}\n`]),
  ].join('');
}

/** The settings that stand in for options of a command. */
export function getSettingsOfCommand(type: CommandType): string[] {
  return listOptions(type).flatMap(({ description }) => description.split('\t')[2] || []);
}

/** The names of each option of a command with what stands for its value, and what it does. */
export function explained(
  type: CommandType,
  defaults: ReadonlyMap<string, string> = noDefaults.texts,
): (readonly [string, string])[] {
  return listOptions(type).map(({ definition, description }) => {
    const [before = '', after, setting = ''] = description.split('\t');
    const names = definition.replace(/ #\d+/g, '').replaceAll(',', ', ');
    if (after === undefined) return [names, before];
    const byDefault = defaults.get(setting);
    return [`${names} ${before}`, byDefault === undefined ? after : `${after} (default ${byDefault})`];
  });
}

function layout() {
  const terminal = describeTerminal(output.results);
  const columns = Math.min(terminal.columns() ?? widest, widest);
  return { columns, heading: (text: string) => `${terminal.style('bold', `${text}:`)}\n` };
}

function pairs(rows: readonly (readonly [string, string])[], columns: number): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  if (columns - width < minBeside)
    return rows.map(([name, text]) => wrap(name, columns, 2) + wrap(text, columns, below)).join('');
  return rows
    .map(([name, text]) => `  ${name}`.padEnd(width) + wrap(text, columns, width).trimStart())
    .join('');
}

/** Breaks a text at blanks; a word that is too long for a line stays whole. */
function wrap(text: string, columns: number, indent: number): string {
  const room = columns - indent;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}
