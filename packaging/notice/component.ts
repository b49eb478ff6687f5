/** What notice and SBOM say of one piece of foreign software. */

/** How it comes to the user. */
export type Shipped =
  | 'bundled into the programs'
  | 'beside the programs'
  | 'compiled into native packages'
  | 'linked into the programs for guests';

export interface Component {
  name: string;
  version: string;
  /** An SPDX expression, as its authors declare it. */
  licence: string;
  /** Its licences and notices, as they came with it. */
  texts: readonly string[];
  /** A package URL, https://github.com/package-url/purl-spec. */
  purl: string;
  shipped: readonly Shipped[];
  /** Foreign software in it, whose licences are among its texts. */
  parts?: readonly Part[];
}

export interface Part {
  name: string;
  version: string;
}

/** Licences under which banger may pass on what it bundles; whoever adds one has read what it asks for. */
const accepted = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
  // SQLite's words in place of a licence.
  'blessing',
];

/**
 * The component as it was given, if it can be passed on.
 * @throws Error that names it, without a licence text or with a licence that is not known here
 */
export function checked(component: Component): Component {
  const { name, version, licence, texts } = component;
  const identifiers = licence.split(/ (?:AND|OR) |[()]/).filter((part) => part !== '');
  const unknown = identifiers.filter((identifier) => !accepted.includes(identifier));
  if (identifiers.length === 0) throw new Error(`${name} ${version} declares no licence; leave it out`);
  if (unknown.length > 0) {
    throw new Error(
      `${name} ${version} has the licence ${unknown.join(', ')}, which packaging/notice/component.ts does not know; ` +
        'read it and add it there, or leave the package out',
    );
  }
  if (texts.length === 0 || texts.some((text) => text.trim() === '')) {
    throw new Error(`${name} ${version} comes without the text of its licence; leave it out or get the text`);
  }
  return component;
}
