/** Which points of the crash matrix a run has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OperationKind, operationKinds, operations } from '../../../src/vm/operation/table.ts';
import { type Selection, selectCases } from './points.ts';

const kinds = operationKinds;

/** The points of a kind, of each of its scenarios. */
function pointsOf(kind: OperationKind, selection: Selection): string[][] {
  return selectCases(kinds, selection)
    .filter((one) => one.kind === kind)
    .map(({ points }) => points.map(({ procedure, step, when }) => `${procedure}.${step}:${when}`));
}

function union(lists: readonly string[][]): string[] {
  return [...new Set(lists.flat())].sort();
}

test('the long selection has every step of every procedure, before and after', () => {
  for (const kind of kinds) {
    const points = union(pointsOf(kind, 'all'));
    for (const { name, steps } of operations[kind].procedures) {
      for (const step of steps)
        for (const when of ['before', 'after']) assert.ok(points.includes(`${name}.${step.name}:${when}`));
    }
  }
});

test('the usual selection has the beginning of every procedure and the end of every step', () => {
  for (const kind of kinds) {
    const points = union(pointsOf(kind, 'each-state'));
    for (const { name, steps } of operations[kind].procedures) {
      assert.ok(points.includes(`${name}.${steps[0]?.name}:before`), kind);
      for (const step of steps) assert.ok(points.includes(`${name}.${step.name}:after`), step.name);
    }
  }
});

test('the middle of every long step is in the usual selection', () => {
  for (const kind of kinds) {
    const during = (selection: Selection) =>
      union(pointsOf(kind, selection)).filter((point) => point.endsWith(':during'));
    assert.deepEqual(during('each-state'), during('all'), kind);
  }
});

test('all parts together have the usual selection', () => {
  for (const kind of kinds) {
    const parts = [0, 1, 2].flatMap((part) => pointsOf(kind, { part }));
    assert.deepEqual(union(parts), union(pointsOf(kind, 'each-state')), kind);
  }
});

test('every part has a point of every scenario', () => {
  for (const kind of kinds) {
    for (const part of [0, 1, 2]) for (const points of pointsOf(kind, { part })) assert.ok(points.length > 0);
  }
});

test('a part is no more than half of the usual selection', () => {
  const count = (selection: Selection) => kinds.flatMap((kind) => pointsOf(kind, selection).flat()).length;
  for (const part of [0, 1, 2]) assert.ok(count({ part }) * 2 <= count('each-state'), `part ${part}`);
});
