/**
 * Writes the steps of each operation into the first table of docs/lifecycle.md; the other cells are written by hand.
 * With --check it writes nothing and fails if they are not what it would write, or if an operation has no row.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OperationKind, operationKinds, operations } from '../src/vm/operation/table.ts';
import { root, writeGenerated } from './generated.ts';

const page = 'docs/lifecycle.md';
/** What the page calls operations that it does not call by their kind. */
const titles: Partial<Record<OperationKind, string>> = {
  workspace: 'prepare',
  'pull-image': 'pull of an image',
  'pull-kernel': 'pull of a kernel',
};

let text = readFileSync(join(root, page), 'utf8');
for (const kind of operationKinds) {
  // It is a stop and a start, which have rows of their own.
  if (kind === 'restart') continue;
  const row = new RegExp(`^(\\| ${titles[kind] ?? kind}(?: \\(\`(\\S+)…\`\\))? \\| )[^|]*( \\|)`, 'm');
  if (!row.test(text)) throw new Error(`${page} has no row for ${kind}`);
  text = text.replace(row, (_, head: string, prefix: string | undefined, rest: string) => {
    const names = operations[kind].procedures.flatMap(({ steps }) => steps.map(({ name }) => name));
    return `${head}${names.map((name) => name.slice(prefix?.length ?? 0)).join(', ')}${rest}`;
  });
}
writeGenerated(page, text, 'generate-steps.ts');
