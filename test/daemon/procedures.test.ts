import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageText } from '../../src/cli/output/stage-names.ts';
import { procedures } from '../../src/daemon/procedures.ts';

const source = join(import.meta.dirname, '../../src');
const known = new Set(Object.values(procedures).flat());

test('every procedure of the sources is in the list from which the crash tests take their steps', () => {
  const written = globSync('**/*.ts', { cwd: source }).flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/: Procedure<\w+> = \{\s*name: '([^']+)'/g)].map(([, name]) => name);
  });
  assert.deepEqual(written.sort(), [...known].map(({ name }) => name).sort());
  // One that is written in another way would not be found above.
  const performed = globSync('**/*.ts', { cwd: source }).flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/\b(?:perform|make)\((\w+Procedure),/g)].map(([, name]) => name);
  });
  assert.equal(new Set(performed).size, known.size, performed.join(' '));
});

test('every step has a name of its own in its procedure, and words for people', () => {
  for (const { name, steps } of known) {
    const names = steps.map((step) => step.name);
    assert.ok(names.length > 0 && new Set(names).size === names.length, name);
    for (const step of names) assert.notEqual(stageText(step), step, `${name}.${step} has no words`);
  }
});
