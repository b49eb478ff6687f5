/**
 * Makes the manual pages from the help of the commands. Usage: generate-man.ts DIRECTORY; the pages go into
 * man1/ and man8/ in it. SOURCE_DATE_EPOCH dates them; without it they have no date, so that they are the same each time.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { manualPages } from '../packaging/man/pages.ts';
import { roff } from '../packaging/man/roff.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: generate-man.ts DIRECTORY');
const epoch = process.env.SOURCE_DATE_EPOCH;
const date = epoch === undefined ? '' : new Date(Number(epoch) * 1000).toISOString().slice(0, 10);
for (const page of await manualPages({ version: manifest.version, date })) {
  const target = join(directory, `man${page.section}`);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, `${page.name}.${page.section}`), roff(page));
}
