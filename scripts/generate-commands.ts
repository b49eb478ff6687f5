/**
 * Writes the tables of docs/commands.md, between its marks, from the table of commands and the usage line of each.
 * With --check it writes nothing and fails if they are not what it would write.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandEntry, commands } from '../src/cli/commands.ts';
import { root, writeGenerated } from './generated.ts';

const page = 'docs/commands.md';
const table =
  /(<!-- Commands of (vm|others), made by scripts\/generate-commands\.ts\. -->\n)[\s\S]*?(\n<!-- End\. -->)/g;

const rows = await Promise.all(commands.map(async (entry) => ({ entry, row: await rowOf(entry) })));
const text = readFileSync(join(root, page), 'utf8').replace(
  table,
  (_, begin: string, which: string, end: string) => {
    const chosen = rows.filter(({ entry }) => (entry.path[0] === 'vm') === (which === 'vm'));
    return `${begin}\n| command | does |\n|---|---|\n${chosen.map(({ row }) => row).join('\n')}\n${end}`;
  },
);
writeGenerated(page, text, 'generate-commands.ts');

async function rowOf({ path, aliases = [], summary, load }: CommandEntry): Promise<string> {
  const { synopsis } = (await load()).default.help;
  const usage = [...path, synopsis].join(' ').trim().replaceAll('|', '\\|');
  const also = aliases.map((words) => ` (\`${words.join(' ')}\`)`).join('');
  return `| \`${usage}\`${also} | ${summary} |`;
}
