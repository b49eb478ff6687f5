import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { explained } from '../../src/cli/help.ts';
import { runProgram } from '../support/program.ts';

const checkout = join(import.meta.dirname, '../..');
const directory = mkdtempSync('/tmp/banger-man-');
after(() => rmSync(directory, { recursive: true }));
const made = await runProgram(process.execPath, [join(checkout, 'scripts/generate-man.ts'), directory], {
  env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
});
assert.equal(made.status, 0, made.stderr);
const pages = ['man1', 'man8'].flatMap((section) =>
  readdirSync(join(directory, section)).map((name) => join(directory, section, name)),
);

/** A page as a reader sees it, on lines of any length, and what man has to say against it. */
async function rendered(file: string): Promise<{ text: string; warnings: string }> {
  const env = { ...process.env, MANROFFSEQ: '', MANWIDTH: '500', LC_ALL: 'C.UTF-8' };
  const shown = await runProgram('man', ['--warnings', '-E', 'UTF-8', '-l', file], { env });
  assert.equal(shown.status, 0, shown.stderr);
  return { text: shown.stdout.toString('utf8'), warnings: shown.stderr };
}

test('every page renders without warnings and is found by apropos', async () => {
  assert.equal(pages.length, commands.length + 3);
  for (const page of pages) {
    assert.equal((await rendered(page)).warnings, '', page);
    const { status, stdout } = await runProgram('lexgrog', [page]);
    assert.equal(status, 0, `${page}: ${stdout}`);
  }
});

test('every command and every option with its explanation and examples is in its page', async () => {
  let options = 0;
  for (const entry of commands) {
    const { default: type } = await entry.load();
    const { text } = await rendered(join(directory, 'man1', `banger-${entry.path.join('-')}.1`));
    const expected = [
      entry.summary,
      ...(type.help.details ?? []),
      ...explained(type).flat(),
      ...type.help.examples.flatMap(([about, line]) => [about, `banger ${line}`]),
    ];
    options += explained(type).length;
    for (const words of expected) assert.ok(text.includes(words), `${entry.path.join(' ')}: ${words}`);
  }
  assert.ok(options > commands.length, `${options} options`);
  const { text } = await rendered(join(directory, 'man1/banger.1'));
  for (const { path } of commands) assert.ok(text.includes(`banger-${path.join('-')}(1)`), path.join(' '));
});

test('what roff would take for its own stays text', async () => {
  const page = readFileSync(join(directory, 'man1/banger-vm-exec.1'), 'utf8');
  assert.doesNotMatch(page, /[^\\]-/, 'a hyphen that is no minus');
  assert.match(page, /\\\(aqecho \$HOME \| wc \\-c\\\(aq/);
});
