import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageText } from '../../../src/cli/output/stage-names.ts';
import {
  type Operation,
  type OperationKind,
  operationKinds,
  operations,
} from '../../../src/vm/operation/table.ts';

const source = join(import.meta.dirname, '../../../src');
const known = new Set(Object.values(operations).flatMap(({ procedures }) => procedures));

test('every procedure of the sources is in the list from which the crash tests take their steps', () => {
  const written = globSync('**/*.ts', { cwd: source }).flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/new Procedure<\w+>\('([^']+)'\)/g)].map(([, name]) => name);
  });
  assert.deepEqual(written.sort(), [...known].map(({ name }) => name).sort());
  // One that is written in another way would not be found above.
  const performed = globSync('**/*.ts', { cwd: source }).flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/\bmake\((\w+Procedure),|\b(\w+Procedure)\.perform\(/g)].map(
      ([, made, performed]) => made ?? performed,
    );
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

/** The operations with a trait. */
function kindsWith(trait: (operation: Operation) => unknown): OperationKind[] {
  return operationKinds.filter((kind) => trait(operations[kind]));
}

/** The operations of which a procedure has one of some steps. */
function kindsWithStep(...names: readonly string[]): OperationKind[] {
  return kindsWith(({ procedures }) =>
    procedures.some(({ steps }) => steps.some((step) => names.includes(step.name))),
  );
}

test('an operation that waits for a guest to boot or to power off ends with the VMM', () => {
  const kinds = kindsWithStep('boot', 'wait');
  assert.deepEqual(kinds, ['start', 'stop', 'restart', 'reboot']);
  for (const kind of kinds) assert.ok(operations[kind].endsWithVmm, kind);
});

test('a kill cancels what works in a guest that runs or boots, unless that cannot be cancelled', () => {
  const kinds = kindsWithStep('boot', 'workspace-copy', 'wait').filter((kind) => operations[kind].cancelable);
  assert.deepEqual(kinds, ['start', 'restart', 'reboot', 'workspace']);
  for (const kind of kinds) assert.ok(operations[kind].yieldsToKill, kind);
});

test('the end of a VMM that an operation forces is not taken for a failure', () => {
  const kinds = kindsWithStep('force', 'signal');
  assert.deepEqual(kinds, ['stop', 'restart', 'kill', 'delete']);
  for (const kind of kinds) assert.ok(operations[kind].endsVmm, kind);
});

test('an operation that yields to kill can be cancelled', () => {
  for (const kind of kindsWith(({ yieldsToKill }) => yieldsToKill)) {
    assert.ok(operations[kind].cancelable, kind);
  }
});

test('an operation that has a state of its own is recorded, because the state is told from the record', () => {
  for (const kind of kindsWith(({ state }) => state)) assert.ok(operations[kind].afterCrash, kind);
});

test('dbus/org.banger.Job1.xml tells which jobs cannot be cancelled', () => {
  const xml = readFileSync(join(source, '../dbus/org.banger.Job1.xml'), 'utf8');
  const [, told = ''] = /Cancelable: .*? is no ([^:]+?), of which/.exec(xml) ?? [];
  assert.deepEqual(
    told.split(/, | or /),
    kindsWith(({ cancelable }) => !cancelable),
  );
});
