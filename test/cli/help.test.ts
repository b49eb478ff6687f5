import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands, findCommand } from '../../src/cli/commands.ts';
import { commandHelp, groupHelp, programHelp } from '../../src/cli/help.ts';

test('the help of the program names every command', () => {
  const text = programHelp();
  for (const { path, summary } of commands) {
    assert.ok(text.includes(path.join(' ')), path.join(' '));
    assert.ok(text.replace(/\s+/g, ' ').includes(summary), summary);
  }
});

for (const entry of commands) {
  const name = entry.path.join(' ');
  test(`${name} --help explains every option and gives examples that are commands`, async () => {
    const { default: type } = await entry.load();
    const text = commandHelp(entry, type);
    assert.ok(text.includes(`banger ${name}`));
    assert.doesNotMatch(text, /undefined|\t| #\d/);
    const options = [...text.matchAll(/^ {2}(-\S.*?) {2,}(\S.*)$/gm)];
    assert.ok(options.length > 0);
    assert.ok(type.help.examples.length > 0);
    for (const [, example] of type.help.examples) {
      assert.equal(findCommand(example.split(' '))?.entry.path.join(' ') !== undefined, true, example);
    }
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
  });
}

test('an alias finds its command and is listed', () => {
  assert.equal(findCommand(['vm', 'ls'])?.entry.path.join(' '), 'vm list');
  assert.match(groupHelp('vm'), /vm list .*also: ls/);
});

test('docs/commands.md names every command', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');
  for (const { path } of commands) assert.match(page, new RegExp(`\\b${path.join(' ')}\\b`), path.join(' '));
});
