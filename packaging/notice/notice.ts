/** The third-party notice: what is shipped of others, and the licences it comes under. */
import type { Component } from './component.ts';

const rule = '='.repeat(79);

/** The notice as a text. A licence that several components have word by word stands there once, for all of them. */
export function notice(components: readonly Component[]): string {
  const named = ({ name, version }: Component) => `${name} ${version}`;
  const ofTexts = new Map<string, string[]>();
  for (const component of components) {
    for (const text of component.texts) {
      const key = tidy(text);
      ofTexts.set(key, [...(ofTexts.get(key) ?? []), named(component)]);
    }
  }
  const index = components.map(
    (component) => `${named(component)}\n    ${component.licence}; ${component.shipped.join(', ')}\n`,
  );
  const texts = [...ofTexts].map(([text, owners]) => `${rule}\n${owners.join('\n')}\n${rule}\n\n${text}\n`);
  return [
    'banger is distributed with the following software of others. What it is made of in full is in',
    'sbom.spdx.json beside this file; the texts of all licences follow the list.\n',
    ...index,
    ...texts,
  ].join('\n');
}

/** Without what the ways to end a line make different. */
function tidy(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .replace(/^\n+|\n+$/g, '');
}
