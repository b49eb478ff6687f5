/**
 * Writes into dbus/*.xml what properties can be, as the code has it: after `Values:`, in the order that is there already.
 * With --check it writes nothing and fails if they are not what it would write.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { valuesOf } from './api-check.ts';
import { root, writeGenerated } from './generated.ts';

const texts = new Map<string, string>();
for (const [where, values] of Object.entries(valuesOf)) {
  const at = where.lastIndexOf('.');
  const file = `dbus/${where.slice(0, at)}.xml`;
  const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8');
  texts.set(file, withValues(text, where.slice(at + 1), values));
}
for (const [file, text] of texts) writeGenerated(file, text, 'generate-values.ts');

function withValues(text: string, property: string, values: readonly string[]): string {
  const line = new RegExp(`(<!--\\s+${property}: (?:(?!-->)[^])*?\\n\\s+Values: )(.+)`);
  if (!line.test(text)) throw new Error(`the comment of ${property} has no line "Values: …"`);
  return text.replace(line, (_, before: string, told: string) => {
    const present = told.split(', ').filter((value) => values.includes(value));
    return before + [...new Set([...present, ...values])].join(', ');
  });
}
