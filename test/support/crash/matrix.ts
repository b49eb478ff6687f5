import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type OperationKind, operationKinds } from '../../../src/vm/operation/table.ts';
import { DiskCheck } from './disks.ts';
import { CrashHome, type CrashHost } from './home.ts';
import { orphansOf } from './orphans.ts';
import { type Selection, selectCases } from './points.ts';
import { type Point, type Scenario, untouched } from './scenarios.ts';
import { Victims } from './victim.ts';

interface Row {
  job: string;
  step: string;
  when: string;
  outcome: string;
  disks: string;
  orphans: string;
  seconds: string;
}

interface Options {
  /** A checkout on the host for workspaces, with a `file` that says `text`. */
  source: string;
  /** A directory here for copies of disks. */
  scratch: string;
  /** Where the table goes. */
  report: string;
  selection: Selection;
  /** Kinds of jobs that are left out. */
  without?: readonly OperationKind[];
}

/** The pulls come first, because images and kernels that VMs use cannot be deleted. */
const first: readonly OperationKind[] = ['pull-kernel', 'pull-image'];
/** Before the deletions all have the same VM. */
const last: readonly OperationKind[] = ['delete'];

/**
 * Kills the daemon at the selected points of every procedure, starts the next one each time and sees what came of it. The
 * steps are read from the code.
 */
export async function crashMatrix(
  t: TestContext,
  host: CrashHost,
  { source, scratch, report, selection, without = [] }: Options,
): Promise<void> {
  const home = new CrashHome(host);
  const disks = new DiskCheck(home, scratch);
  const vms = new Victims(home, disks, source);
  const rows: Row[] = [];
  const began = performance.now();
  const others = operationKinds.filter((kind) => !first.includes(kind) && !last.includes(kind));
  const kinds = [...first, ...others, ...last].filter((kind) => !without.includes(kind));
  const cases = selectCases(kinds, selection);
  for (const { kind, scenario, points } of cases) {
    for (const [index, point] of points.entries()) {
      const name = `${point.procedure}.${point.step}:${point.when}`;
      const job = scenario.state ? `${kind} (${scenario.state})` : kind;
      await t.test(`${job} ${name}`, async () => {
        const place = { point, next: points[index + 1] };
        rows.push({ job, ...(await crash(home, vms, disks, scenario, place, name)) });
      });
    }
  }
  for (const vm of await home.list()) await home.banger('vm', 'delete', '--force', '--yes', vm.name);
  await home.endDaemon();
  const took = (performance.now() - began) / 1000;
  const text = `${table(rows)}\n${rows.length} cases in ${took.toFixed(0)} s\n`;
  writeFileSync(report, text);
  t.diagnostic(`\n${text}`);
  const expected = cases.flatMap(({ points }) => points).length;
  assert.equal(rows.length, expected, 'cases that went through');
}

async function crash(
  home: CrashHome,
  vms: Victims,
  disks: DiskCheck,
  scenario: Scenario,
  { point, next }: { point: Point; next: Point | undefined },
  name: string,
): Promise<Omit<Row, 'job'>> {
  const began = performance.now();
  await scenario.ready(vms);
  await home.crash(name, () => scenario.act(vms));
  await home.settle();
  const outcome = await scenario.outcome(vms, point, next);
  const present = await home.settle();
  const orphans = await orphansOf(home, present);
  assert.deepEqual(orphans, [], `${name} left something`);
  const found = await disks.check(present);
  if (present.length > 0)
    for (const other of untouched)
      assert.ok(
        present.some((vm) => vm.name === other),
        other,
      );
  return {
    step: `${point.procedure}.${point.step}`,
    when: point.when,
    outcome,
    disks: present.length === 0 ? 'none' : found,
    orphans: '0',
    seconds: ((performance.now() - began) / 1000).toFixed(1),
  };
}

function table(rows: readonly Row[]): string {
  const head = [
    'job',
    'step',
    'killed',
    'after the next daemon has started',
    'disks of all VMs',
    'orphans',
    'seconds',
  ];
  const lines = rows.map(({ job, step, when, outcome, disks, orphans, seconds }) =>
    [job, step, when, outcome, disks, orphans, seconds].join(' | '),
  );
  return [head.join(' | '), head.map(() => '---').join(' | '), ...lines]
    .map((line) => `| ${line} |`)
    .join('\n');
}
