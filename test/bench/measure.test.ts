import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, spreadOf, timeProgram } from '../../bench/measure.ts';
import { isWithinBounds, tableOf } from '../../bench/report.ts';

/** A subject that takes the given times, one after the other. */
function subject(name: string, times: number[], order: string[] = []) {
  let turn = 0;
  const run = () => {
    order.push(name);
    return times[turn++] ?? Number.NaN;
  };
  return { name, run };
}

test('the middle of figures, odd and even in number', () => {
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.deepEqual(spreadOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
  assert.throws(() => spreadOf([]), RangeError);
  assert.throws(() => spreadOf([1, Number.NaN]), RangeError);
});

test('subjects take turns, the first turn does not count, ratios are of the same turn', async () => {
  const order: string[] = [];
  const [comparison] = await compare(
    subject('a', [999, 10, 20, 30, 40, 50], order),
    [subject('b', [1, 5, 10, 10, 20, 25], order)],
    5,
    [2.5],
  );
  assert.deepEqual(order.slice(0, 4), ['a', 'b', 'a', 'b']);
  assert.deepEqual(comparison, {
    name: 'a',
    figure: { median: 30, min: 10, max: 50 },
    against: { name: 'b', figure: { median: 10, min: 5, max: 25 } },
    ratio: { median: 2, min: 2, max: 3 },
    runs: 5,
    bound: 2.5,
  });
  await assert.rejects(compare(subject('a', []), [], 4), RangeError);
});

test('the table says whether a bound was kept', async () => {
  const figures = [1, 1, 1, 1, 1, 1];
  const threefold = figures.map((figure) => 3 * figure);
  for (const [bound, within] of [
    [3, true],
    [2.9, false],
  ] as const) {
    const comparisons = await compare(subject('a', threefold), [subject('b', figures)], 5, [bound]);
    const results = [{ benchmark: 'x', conditions: { image: 'y' }, comparisons }];
    assert.equal(isWithinBounds(results), within);
    assert.match(tableOf(results), within ? /3\.00 × .*within 3\.00 ×/ : /3\.00 × .*BEYOND 2\.90 ×/);
    assert.match(tableOf(results), /^x \[image: y\]$/m);
  }
});

test('a program that fails yields no figure', () => {
  assert.ok(timeProgram('true', [], process.env) > 0);
  assert.throws(() => timeProgram('sh', ['-c', 'echo why >&2; exit 3'], process.env), /status 3: why/);
  assert.throws(() => timeProgram('/no/such/program', [], process.env), { code: 'ENOENT' });
});
