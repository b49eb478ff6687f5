/**
 * Reads dbus/*.xml: the interfaces and what is written about them. The keys of an a{sv} and the fields of an array of
 * structs are annotations of their argument, in order:
 *
 *     <annotation name="org.banger.Key.memory" value="t: Memory in bytes."/>
 *     <annotation name="org.banger.Field.port" value="q: Its port."/>
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Doc, readDoc } from './dbus-doc.ts';
import { root } from './generated.ts';

/** A key of an a{sv}, or a field of a struct. */
export interface Entry {
  kind: 'Key' | 'Field';
  name: string;
  type: string;
  text: string;
}

export interface Arg {
  name: string;
  type: string;
  direction: 'in' | 'out';
  /** Its keys if it is an a{sv}, its fields if it is an array of structs. */
  entries: Entry[];
}

export interface Member {
  kind: 'method' | 'signal' | 'property';
  name: string;
  /** Of properties. */
  type: string;
  access: string;
  /** What EmitsChangedSignal says of a property: `true` and `const` are all that banger has; empty if not annotated. */
  emits: string;
  args: Arg[];
  doc: Doc | undefined;
}

export interface Interface {
  name: string;
  doc: Doc | undefined;
  members: Member[];
  /** As introspection has it: without comments and layout. */
  xml: string;
}

/** All interfaces, by name. @throws Error for what introspection data cannot have */
export function readInterfaces(): Interface[] {
  return readdirSync(join(root, 'dbus'))
    .filter((file) => file.endsWith('.xml'))
    .sort()
    .map((file) => parseInterface(file, readFileSync(join(root, 'dbus', file), 'utf8')));
}

const emitsChangedSignal = 'org.freedesktop.DBus.Property.EmitsChangedSignal';
const kinds = ['method', 'signal', 'property'] as const;

/** Reads the closed subset of XML that introspection data is; anything else stops the build. */
export function parseInterface(file: string, text: string): Interface {
  const found: Interface = { name: '', doc: undefined, members: [], xml: '' };
  const open: string[] = [];
  /** The comment that stands before the next element. */
  let comment: string | undefined;
  let rest = text.replace(/<!DOCTYPE[^>]*>/, '');
  while (rest.trim()) {
    const said = /^\s*<!--([\s\S]*?)-->/.exec(rest);
    if (said) {
      if (comment !== undefined)
        throw new Error(`${file}: two comments before one element: ${comment.trim()}`);
      comment = said[1] ?? '';
      rest = rest.slice(said[0].length);
      continue;
    }
    const tag = /^\s*<(\/?)(\w+)((?:\s+\w+="[^"<&]*")*)\s*(\/?)>/.exec(rest);
    if (!tag) throw new Error(`${file}: cannot read ${rest.trim().slice(0, 60)}`);
    rest = rest.slice(tag[0].length);
    const [, closing, element = '', attributes = '', empty] = tag;
    if (closing) {
      if (comment !== undefined) throw new Error(`${file}: a comment about nothing: ${comment.trim()}`);
      if (open.pop() !== element) throw new Error(`${file}: </${element}> closes nothing`);
      continue;
    }
    take(file, found, { parent: open.at(-1), element, attributes, comment });
    comment = undefined;
    if (!empty) open.push(element);
  }
  if (open.length > 0 || !found.name) throw new Error(`${file}: unfinished`);
  const [xml = ''] = /<interface[\s\S]*<\/interface>/.exec(text.replace(/<!--[\s\S]*?-->/g, '')) ?? [];
  return { ...found, xml: xml.replace(/\s*\n\s*/g, '\n').trim() };
}

interface Element {
  parent: string | undefined;
  element: string;
  attributes: string;
  comment: string | undefined;
}

function take(file: string, found: Interface, { parent, element, attributes, comment }: Element): void {
  const attribute = (name: string, otherwise?: string): string => {
    const value = new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1] ?? otherwise;
    if (value === undefined) throw new Error(`${file}: <${element}> without ${name}`);
    return value;
  };
  const docOf = (name: string) =>
    comment === undefined ? undefined : readDoc(`${file}: ${name}`, name, comment);
  const place = `${parent}/${element}`;
  const kind = parent === 'interface' ? kinds.find((known) => known === element) : undefined;
  if (place === 'node/interface' && !found.name) {
    found.name = attribute('name');
    found.doc = docOf(found.name);
  } else if (kind) {
    const isProperty = kind === 'property';
    const name = attribute('name');
    const [type, access] = isProperty ? [attribute('type'), attribute('access')] : ['', ''];
    found.members.push({ kind, name, type, access, emits: '', args: [], doc: docOf(name) });
  } else if (comment !== undefined) {
    throw new Error(`${file}: a comment before <${element}>, which cannot have one: ${comment.trim()}`);
  } else if (/^(method|signal)\/arg$/.test(place)) {
    const direction = attribute('direction', parent === 'signal' ? 'out' : 'in') === 'in' ? 'in' : 'out';
    const [name, type] = [attribute('name'), attribute('type')];
    found.members.at(-1)?.args.push({ name, type, direction, entries: [] });
  } else if (place === 'arg/annotation') {
    const entry = readEntry(file, attribute('name'), attribute('value'));
    found.members.at(-1)?.args.at(-1)?.entries.push(entry);
  } else if (place === 'property/annotation' && attribute('name') === emitsChangedSignal) {
    const property = found.members.at(-1);
    if (property) property.emits = attribute('value');
  } else if (element !== 'annotation' && place !== 'undefined/node') {
    throw new Error(`${file}: <${element}> is not expected in <${parent}>`);
  }
}

/** An annotation of an argument. @throws Error if it is neither a key nor a field */
function readEntry(file: string, annotation: string, value: string): Entry {
  const [, kind, name = ''] = /^org\.banger\.(Key|Field)\.(\w+)$/.exec(annotation) ?? [];
  const [, type = '', text = ''] = /^(\S+): (.+)$/.exec(value) ?? [];
  if (!name || !type) {
    throw new Error(
      `${file}: cannot read ${annotation}="${value}"; an entry is org.banger.Key.NAME or org.banger.Field.NAME, with "type: text"`,
    );
  }
  return { kind: kind === 'Key' ? 'Key' : 'Field', name, type, text };
}
