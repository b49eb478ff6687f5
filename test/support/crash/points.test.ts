/** Which points of the crash matrix a run has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationKinds as kinds, operations } from '../../../src/vm/operation/table.ts';
import { parts, type Selection, selectCases } from './points.ts';

const everyPart = Array.from({ length: parts }, (_, part) => part);
const everyStep = Object.values(operations)
  .flatMap(({ procedures }) => procedures)
  .flatMap(({ name, steps }) => steps.map((step, index) => ({ point: `${name}.${step.name}`, index })));

/** The points of each scenario, with the kind of its job. */
function select(selection: Selection): string[][] {
  return selectCases(kinds, selection).map(({ kind, points }) =>
    points.map(({ procedure, step, when }) => `${kind} ${procedure}.${step}:${when}`),
  );
}

/** Each point once, of whatever kind of job. */
function pointsOf(selection: Selection): Set<string> {
  return new Set(
    select(selection)
      .flat()
      .map((point) => point.replace(/^\S+ /, '')),
  );
}

test('the long run has every step of every procedure, before and after', () => {
  const points = pointsOf('all');
  for (const { point } of everyStep)
    for (const when of ['before', 'after']) assert.ok(points.has(`${point}:${when}`), point);
});

test('every run with processes has the beginning of every procedure and the end of every step', () => {
  for (const part of everyPart) {
    const points = pointsOf({ part, of: 'repeats' });
    for (const { point, index } of everyStep) {
      assert.ok(points.has(`${point}:after`), point);
      if (index === 0) assert.ok(points.has(`${point}:before`), point);
    }
  }
});

test('every run with processes has the middle of every step that reports progress', () => {
  const during = (selection: Selection) =>
    [...pointsOf(selection)].filter((point) => point.endsWith(':during'));
  assert.ok(during('all').length > 0);
  for (const part of everyPart) assert.deepEqual(during({ part, of: 'repeats' }), during('all'));
});

test('all parts together have the beginning of every procedure and the end of every step of every kind', () => {
  const points = new Set(everyPart.flatMap((part) => select({ part, of: 'all' }).flat()));
  const expected = select('all')
    .flat()
    .filter((point) => !point.endsWith(':before') || firstSteps.some((first) => point.includes(first)));
  assert.deepEqual([...points].sort(), [...new Set(expected)].sort());
});

const firstSteps = everyStep.filter(({ index }) => index === 0).map(({ point }) => ` ${point}:`);

test('every part has a point of every scenario', () => {
  for (const part of everyPart)
    for (const points of select({ part, of: 'all' })) assert.ok(points.length > 0, `part ${part}`);
});

test('a part is less than half of all', () => {
  const count = (selection: Selection) => select(selection).flat().length;
  for (const part of everyPart) assert.ok(count({ part, of: 'all' }) * 2 < count('all'), `part ${part}`);
});
