/**
 * Makes src/bus/contract.ts and src/bus/contract-xml.ts from dbus/*.xml.
 * With --check it writes nothing and fails if they are not what it would write.
 */
import { type Arg, type Interface, type Member, readInterfaces } from './dbus-xml.ts';
import { formatted, writeGenerated } from './generated.ts';

const head = '// Made by scripts/generate-contract.ts from dbus/*.xml; do not edit.\n\n';

const interfaces = readInterfaces();
for (const [file, text] of [
  ['src/bus/contract.ts', contractOf(interfaces)],
  ['src/bus/contract-xml.ts', xmlOf(interfaces)],
] as const) {
  writeGenerated(file, formatted(file, text), 'generate-contract.ts');
}

function contractOf(all: Interface[]): string {
  const data = Object.fromEntries(
    all.map(({ name, members }) => [
      name,
      {
        methods: pick(members, 'method', ({ args }) => ({
          in: signature(args, 'in'),
          out: signature(args, 'out'),
          ...optionsOf(args),
          ...fieldsOf(args),
        })),
        properties: pick(members, 'property', ({ type, access }) => ({ type, access })),
        changing: members.filter(({ emits }) => emits === 'true').map(({ name: property }) => property),
        signals: pick(members, 'signal', ({ args }) => signature(args, 'out')),
      },
    ]),
  );
  const types = all.map(({ name, members }) => {
    const group = (kind: string, line: (member: Member) => string) => {
      const found = members.filter((member) => member.kind === kind).flatMap((member) => line(member) || []);
      return found.length > 0 ? `{${found.join('\n')}}` : 'Record<never, never>';
    };
    const names = (which: (member: Member) => boolean) =>
      members
        .filter(which)
        .map((member) => `'${member.name}'`)
        .join(' | ') || 'never';
    return `'${name}': {
      methods: ${group('method', (m) => `${m.name}(${tuple(m.args, 'in')}): ${result(m.args)};`)};
      properties: ${group('property', (m) => `${m.name}: ${tsType(m.type)};`)};
      rows: ${group('method', rowType)};
      changing: ${names(({ emits }) => emits === 'true')};
      writable: ${names(({ access }) => access.includes('write'))};
      signals: ${group('signal', (m) => `${m.name}(${tuple(m.args, 'out')}): void;`)};
    };`;
  });
  return `${head}import type { NoOptions } from './options.ts';
import type { Plain } from './values.ts';

/** What each interface looks like to TypeScript; structs are tuples with labels, variants plain values. */
export interface Contract {${types.join('\n')}}

/** The D-Bus signatures of each interface. */
export const contract = ${JSON.stringify(data)} as const;
`;
}

function xmlOf(all: Interface[]): string {
  const data = Object.fromEntries(all.map(({ name, xml }) => [name, xml]));
  return `${head}/** The introspection data of each interface, without its comments. */
export const contractXml = ${JSON.stringify(data)} as const;
`;
}

function pick<T>(members: Member[], kind: string, value: (member: Member) => T): Record<string, T> {
  return Object.fromEntries(
    members.filter((m) => m.kind === kind).map((member) => [member.name, value(member)]),
  );
}

function signature(args: Arg[], direction: string): string {
  return args
    .filter((arg) => arg.direction === direction)
    .map((arg) => arg.type)
    .join('');
}

function tuple(args: Arg[], direction: string): string {
  return args
    .filter((arg) => arg.direction === direction)
    .map((arg) => `${arg.name}: ${argType(arg)}`)
    .join(', ');
}

function result(args: Arg[]): string {
  const out = args.filter((arg) => arg.direction === 'out');
  if (out.length > 1) return `[${tuple(args, 'out')}]`;
  return out[0] ? argType(out[0]) : 'void';
}

/** The argument with the options of a method, which is the last one. */
function isOptions({ name, type, direction }: Arg): boolean {
  return direction === 'in' && name === 'options' && type === 'a{sv}';
}

/** The types of the options by their names, for a method that takes options. */
function optionsOf(args: Arg[]): { options?: Record<string, string> } {
  const given = args.filter(({ direction }) => direction === 'in');
  const at = given.findIndex(isOptions);
  const options = given[at];
  if (!options) return {};
  if (at < given.length - 1) throw new Error('options must be the last argument');
  return { options: Object.fromEntries(options.entries.map(({ name, type }) => [name, type])) };
}

/** The argument that is an array of structs with fields, of which a method has one at most. */
function rowArg(args: Arg[]): Arg | undefined {
  return args.find(({ entries }) => entries.some(({ kind }) => kind === 'Field'));
}

/** The names of the fields of what a method returns, in order, for one that returns structs. */
function fieldsOf(args: Arg[]): { fields?: string[] } {
  const row = rowArg(args);
  return row ? { fields: row.entries.map(({ name }) => name) } : {};
}

/** A line of the type of the rows of an interface: the fields of a struct by their names. */
function rowType({ name, args }: Member): string {
  const fields = rowArg(args)?.entries.map((field) => `${field.name}: ${tsType(field.type)}`);
  return fields ? `${name}: {${fields.join('; ')}};` : '';
}

/** The TypeScript type of an argument. */
function argType(arg: Arg): string {
  if (rowArg([arg])) {
    return `[${arg.entries.map(({ name, type }) => `${name}: ${tsType(type)}`).join(', ')}][]`;
  }
  if (isOptions(arg)) {
    const options = arg.entries.map(({ name, type }) => `${name}?: ${tsType(type)} | undefined`);
    return options.length > 0 ? `{${options.join('; ')}}` : 'NoOptions';
  }
  return tsType(arg.type);
}

/** The TypeScript type of one complete D-Bus type. */
function tsType(type: string): string {
  const [text, rest] = one(type);
  if (rest) throw new Error(`${type} is not one complete type`);
  return text;
}

function one(type: string): [text: string, rest: string] {
  const code = type[0] ?? '';
  if ('sog'.includes(code)) return ['string', type.slice(1)];
  if ('ynqiuxtd'.includes(code)) return ['number', type.slice(1)];
  if (code === 'b') return ['boolean', type.slice(1)];
  if (code === 'v') return ['Plain', type.slice(1)];
  if (code === '(') {
    const items: string[] = [];
    let rest = type.slice(1);
    while (rest && rest[0] !== ')') {
      const [item, after] = one(rest);
      items.push(item);
      rest = after;
    }
    return [`[${items.join(', ')}]`, rest.slice(1)];
  }
  if (type.startsWith('a{')) {
    const [value, rest] = one(type.slice(3));
    return [`Record<string, ${value}>`, rest.slice(1)];
  }
  if (code === 'a') {
    const [item, rest] = one(type.slice(1));
    return [`${item}[]`, rest];
  }
  throw new Error(`no type for ${type}`);
}
