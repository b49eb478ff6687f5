import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkBudget } from '../../src/common/work-budget.ts';

/** A budget with a clock that the test sets, in milliseconds. */
function budgetOf(capacity: number, perSecond: number) {
  const clock = { ms: 0 };
  return { clock, budget: new WorkBudget({ capacity, perSecond }, () => clock.ms) };
}

test('a budget is spent and comes back with time, up to its capacity', () => {
  const { clock, budget } = budgetOf(100, 10);
  assert.equal(budget.spend(100), true);
  clock.ms = 2_000;
  assert.equal(budget.spend(20), true);
  clock.ms = 1_000_000;
  assert.equal(budget.spend(100), true);
  assert.equal(budget.spend(1), false);
});

test('what is asked for is paid for', () => {
  const { budget } = budgetOf(100, 0);
  for (let call = 0; call < 50; call++) {
    budget.grant(80);
    assert.equal(budget.spend(80), true);
  }
});

test('a budget that was overdrawn stays so', () => {
  const { clock, budget } = budgetOf(100, 10);
  assert.equal(budget.spend(101), false);
  clock.ms = 1_000_000;
  budget.grant(100);
  assert.equal(budget.spend(1), false);
});
