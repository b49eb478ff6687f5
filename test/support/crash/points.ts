import assert from 'node:assert/strict';
import { type OperationKind, operations } from '../../../src/vm/operation/table.ts';
import { partOfCommit } from '../commit-part.ts';
import { type Point, type Scenario, scenarios } from './scenarios.ts';

/** Which points a run of the matrix has: all, or each state once. */
export type Selection = 'all' | Sample;

/** Each state once, and of some scenarios only one part. */
export interface Sample {
  part: number;
  /** Of which: of all, or of those that repeat the steps of others. */
  of: 'all' | 'repeats';
}

/** Into how many parts the points of a scenario are divided. */
export const parts = 3;

/** A scenario and the points at which it has the daemon killed. */
export interface Case {
  kind: OperationKind;
  scenario: Scenario;
  points: Point[];
}

/**
 * Lists what a selection has of some kinds of jobs: at least one point for every scenario. No two parts share a point,
 * unless the scenario has fewer points than there are parts.
 */
export function selectCases(kinds: readonly OperationKind[], selection: Selection): Case[] {
  let count = 0;
  return kinds.flatMap((kind) =>
    scenarios[kind].map((scenario) => {
      const every = allPoints(kind, scenario.long).filter((point) => scenario.has?.(point) ?? true);
      if (selection === 'all') return { kind, scenario, points: every };
      const states = every.filter(isOwnState);
      if (selection.of === 'repeats' && !scenario.repeats) return { kind, scenario, points: states };
      // Counted through all scenarios, so that the parts are of about the same length.
      const chosen = states.filter(() => count++ % parts === selection.part);
      return { kind, scenario, points: chosen.length > 0 ? chosen : states.slice(-1) };
    }),
  );
}

/**
 * Chooses the part of a run, so that a few commits have all of them.
 * @param wanted the part that somebody wants again, as text; chosen by the commit where absent
 */
export async function partOf(wanted: string | undefined, checkout: string): Promise<number> {
  if (wanted !== undefined) {
    const part = Number(wanted);
    assert.ok(Number.isInteger(part) && part >= 0 && part < parts, `BANGER_CRASH_PART is 0 to ${parts - 1}`);
    return part;
  }
  return await partOfCommit(parts, checkout);
}

/** Between the end of a step and the beginning of the next the daemon does nothing but tell the name of that. */
const isOwnState = ({ isFirst, when }: Point) => when !== 'before' || isFirst;

function allPoints(kind: OperationKind, long: readonly string[] = []): Point[] {
  return operations[kind].procedures.flatMap(({ name, steps }) =>
    steps.flatMap((step, index) =>
      (['before', 'during', 'after'] as const)
        .filter((when) => when !== 'during' || long.includes(step.name))
        .map((when) => ({ procedure: name, step: step.name, when, isFirst: index === 0 })),
    ),
  );
}
