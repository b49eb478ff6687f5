/**
 * Makes docs/dbus-api.md from dbus/*.xml. Fails if something there is not documented.
 * With --check it writes nothing and fails if the page is not what it would write.
 */
import { nameOnBus } from '../src/bus/errors.ts';
import { errorCodes } from '../src/common/error-table.ts';
import { problemsOf } from './api-check.ts';
import type { Doc } from './dbus-doc.ts';
import { type Arg, type Entry, type Interface, type Member, readInterfaces } from './dbus-xml.ts';
import { writeGenerated } from './generated.ts';

const interfaces = readInterfaces();
const problems = interfaces.flatMap(problemsOf);
if (problems.length > 0) {
  console.error(problems.map((problem) => `dbus: ${problem}`).join('\n'));
  process.exitCode = 1;
} else writeGenerated('docs/dbus-api.md', wrap(page(interfaces)), 'generate-api-page.ts');

/** Breaks lines at 120 characters, except rows of tables and headings. A list item keeps its indentation. */
function wrap(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => (/^[|#<]/.test(line) ? [line] : wrapLine(line)))
    .join('\n');
}

function wrapLine(line: string): string[] {
  const [start = ''] = /^ *(- )?/.exec(line) ?? [];
  const lines: string[] = [];
  let current = start;
  for (const word of line.slice(start.length).split(' ')) {
    if (current.length > start.length && `${current} ${word}`.length > 120) {
      lines.push(current);
      current = ' '.repeat(start.length) + word;
    } else current += current.length > start.length ? ` ${word}` : word;
  }
  return [...lines, current];
}

function page(all: readonly Interface[]): string {
  // The manager is where clients begin.
  const manager = all.filter(({ name }) => name === 'org.banger.Manager1');
  const others = all.filter(({ name }) => name !== 'org.banger.Manager1');
  return `# The D-Bus API, member by member

<!-- Made by scripts/generate-api-page.ts from dbus/*.xml; do not edit. -->

[dbus.md](dbus.md) says how to reach the daemon, what holds for all of it, and has an example. Types are those of
D-Bus: \`s\` text, \`o\` object path, \`b\` boolean, \`u\` and \`t\` whole numbers of 32 and 64 bits, \`d\` a fraction,
\`a{sv}\` keys with values of the types that are given with them. Any number type that fits the value is accepted.
PropertiesChanged reports every property that changes, with its new value; the others never change while their object exists.

Every method and every job can also fail with what the host's state brings about (\`DiskFull\`, \`HostNotReady\`) and
with \`Internal\`, a bug; [errors.md](errors.md) has all errors.

${[...manager, ...others].map(section).join('\n')}`;
}

function section({ name, doc, members }: Interface): string {
  const of = (kind: Member['kind']) => members.filter((member) => member.kind === kind);
  const methods = of('method');
  const signals = of('signal');
  return [
    `## ${name}\n`,
    `${doc?.text}\n`,
    ...(methods.length > 0 ? ['### Methods\n', ...methods.map(callable)] : []),
    ...['### Properties\n', propertyTable(of('property'))],
    ...(signals.length > 0 ? ['### Signals\n', ...signals.map(callable)] : []),
  ].join('\n');
}

/** A method or a signal. */
function callable({ kind, name, args, doc }: Member): string {
  if (!doc) return '';
  const given = args.filter(({ direction }) => direction === 'in');
  const results = args.filter(({ direction }) => direction === 'out');
  const signature = kind === 'signal' ? inParentheses(results) : inParentheses(given);
  const returned = kind === 'signal' || results.length === 0 ? '' : ` → ${inParentheses(results)}`;
  return [
    `#### \`${name}${signature}${returned}\`\n`,
    `${doc.text}\n`,
    args.length === 0 ? '' : `${args.map((arg) => argument(arg, doc)).join('\n')}\n`,
    ...errorsOf(doc),
  ]
    .filter(Boolean)
    .join('\n');
}

function argument({ name, entries }: Arg, doc: Doc): string {
  return [`- \`${name}\`: ${doc.args.get(name)}`, ...entries.map(entryLine)].join('\n');
}

function entryLine({ name, type, text }: Entry): string {
  return `  - \`${name}\` (\`${type}\`): ${text}`;
}

function errorsOf(doc: Doc): string[] {
  const line = (what: string, codes: readonly string[] | undefined) =>
    codes && codes.length > 0 ? [`${what}: ${codes.map(errorName).join(', ')}\n`] : [];
  return [...line('Errors', doc.errors), ...line('Errors of the job', doc.jobErrors)];
}

/** The whole name where that is not banger's own. */
function errorName(code: string): string {
  const known = errorCodes.find((each) => each === code);
  const name = known ? nameOnBus(known) : code;
  return `\`${name.replace(/^org\.banger\.Error\./, '')}\``;
}

function propertyTable(properties: readonly Member[]): string {
  const rows = properties.map(({ name, type, access, emits, doc }) => {
    const values = doc?.values ? ` Values: ${doc.values.map((value) => `\`${value}\``).join(', ')}.` : '';
    const [writable, changes] = [access === 'read' ? 'no' : 'yes', emits === 'true' ? 'yes' : 'no'];
    return `| \`${name}\` | \`${type}\` | ${changes} | ${writable} | ${doc?.text}${values} |`;
  });
  return `| name | type | changes | writable | is |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

function inParentheses(args: readonly Arg[]): string {
  return `(${args.map(({ name, type }) => `${type} ${name}`).join(', ')})`;
}
