/**
 * Makes src/bus/contract.ts and src/bus/contract-xml.ts from dbus/*.xml.
 * With --check it writes nothing and fails if they are not what it would write.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const head = '// Made by scripts/generate-contract.ts from dbus/*.xml; do not edit.\n\n';

interface Arg {
  name: string;
  type: string;
  direction: string;
}
interface Member {
  kind: string;
  name: string;
  type: string;
  access: string;
  args: Arg[];
}
interface Interface {
  name: string;
  members: Member[];
  xml: string;
}

const interfaces = readdirSync(join(root, 'dbus'))
  .filter((file) => file.endsWith('.xml'))
  .sort()
  .map((file) => parse(file, readFileSync(join(root, 'dbus', file), 'utf8')));
const outputs = new Map([
  ['src/bus/contract.ts', contractOf(interfaces)],
  ['src/bus/contract-xml.ts', xmlOf(interfaces)],
]);
for (const [file, text] of outputs) {
  const formatted = execFileSync(
    join(root, 'node_modules/.bin/biome'),
    ['format', `--stdin-file-path=${file}`],
    {
      cwd: root,
      input: text,
      encoding: 'utf8',
    },
  );
  if (!process.argv.includes('--check')) writeFileSync(join(root, file), formatted);
  else if (readFileSync(join(root, file), 'utf8') !== formatted) {
    console.error(`${file} is stale: run scripts/generate-contract.ts`);
    process.exitCode = 1;
  }
}

/** Reads the closed subset of XML that introspection data is; anything else stops the build. */
function parse(file: string, text: string): Interface {
  const bare = text.replace(/<!--[\s\S]*?-->/g, '').replace(/<!DOCTYPE[^>]*>/, '');
  const found: Interface = { name: '', members: [], xml: '' };
  const open: string[] = [];
  let rest = bare;
  while (rest.trim()) {
    const tag = /^\s*<(\/?)(\w+)((?:\s+\w+="[^"<&]*")*)\s*(\/?)>/.exec(rest);
    if (!tag) throw new Error(`${file}: cannot read ${rest.trim().slice(0, 60)}`);
    rest = rest.slice(tag[0].length);
    const [, closing, element = '', attributes = '', empty] = tag;
    if (closing) {
      if (open.pop() !== element) throw new Error(`${file}: </${element}> closes nothing`);
      continue;
    }
    take(file, found, open.at(-1), element, attributes);
    if (!empty) open.push(element);
  }
  if (open.length > 0 || !found.name) throw new Error(`${file}: unfinished`);
  const [xml = ''] = /<interface[\s\S]*<\/interface>/.exec(bare) ?? [];
  return { ...found, xml: xml.replace(/\s*\n\s*/g, '\n').trim() };
}

function take(
  file: string,
  found: Interface,
  parent: string | undefined,
  element: string,
  text: string,
): void {
  const attribute = (name: string, otherwise?: string): string => {
    const value = new RegExp(`\\s${name}="([^"]*)"`).exec(text)?.[1] ?? otherwise;
    if (value === undefined) throw new Error(`${file}: <${element}> without ${name}`);
    return value;
  };
  const place = `${parent}/${element}`;
  if (place === 'node/interface' && !found.name) found.name = attribute('name');
  else if (/^interface\/(method|signal|property)$/.test(place)) {
    const property = element === 'property';
    found.members.push({
      kind: element,
      name: attribute('name'),
      type: property ? attribute('type') : '',
      access: property ? attribute('access') : '',
      args: [],
    });
  } else if (/^(method|signal)\/arg$/.test(place)) {
    const direction = attribute('direction', parent === 'signal' ? 'out' : 'in');
    found.members.at(-1)?.args.push({ name: attribute('name'), type: attribute('type'), direction });
  } else if (element !== 'annotation' && place !== 'undefined/node') {
    throw new Error(`${file}: <${element}> is not expected in <${parent}>`);
  }
}

function contractOf(all: Interface[]): string {
  const data = Object.fromEntries(
    all.map(({ name, members }) => [
      name,
      {
        methods: pick(members, 'method', ({ args }) => ({
          in: signature(args, 'in'),
          out: signature(args, 'out'),
        })),
        properties: pick(members, 'property', ({ type, access }) => ({ type, access })),
        signals: pick(members, 'signal', ({ args }) => signature(args, 'out')),
      },
    ]),
  );
  const types = all.map(({ name, members }) => {
    const group = (kind: string, line: (member: Member) => string) => {
      const found = members.filter((member) => member.kind === kind).map(line);
      return found.length > 0 ? `{${found.join('\n')}}` : 'Record<never, never>';
    };
    const writable = members
      .filter(({ access }) => access.includes('write'))
      .map((member) => `'${member.name}'`);
    return `'${name}': {
      methods: ${group('method', (m) => `${m.name}(${tuple(m.args, 'in')}): ${result(m.args)};`)};
      properties: ${group('property', (m) => `${m.name}: ${tsType(m.type)};`)};
      writable: ${writable.join(' | ') || 'never'};
      signals: ${group('signal', (m) => `${m.name}(${tuple(m.args, 'out')}): void;`)};
    };`;
  });
  return `${head}import type { Plain } from './values.ts';

/** What each interface looks like to TypeScript; structs are tuples, variants plain values. */
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
    .map((arg) => `${arg.name}: ${tsType(arg.type)}`)
    .join(', ');
}

function result(args: Arg[]): string {
  const out = args.filter((arg) => arg.direction === 'out');
  if (out.length > 1) return `[${tuple(args, 'out')}]`;
  return out[0] ? tsType(out[0].type) : 'void';
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
