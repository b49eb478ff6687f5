import { once } from 'node:events';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Test files that run after each other or side by side, with nothing but each other in common. */
export interface Group {
  name: string;
  files: string[];
  concurrency: number;
  /** Milliseconds that one test may take. */
  timeout: number;
  /** Milliseconds that the group may take; a test file that does not end by itself is ended then. */
  deadline: number;
  /** Milliseconds that the group should take on two quiet cores; a run reports what it took beside it. */
  budget: number;
  /** Additional variables of its environment. */
  env?: NodeJS.ProcessEnv;
}

/** A test that did not pass. */
export interface Failure {
  group: Group;
  /** The test file; nothing for what is not of one file. */
  file: string | undefined;
  test: string;
  /** The full error. */
  why: string;
}

/** More files than these fail of something else than chance. */
const secondRuns = 4;

/** What every group counts; what is left of the tests has failed. */
const counted = ['tests', 'passed', 'cancelled', 'skipped', 'todo'] as const;

/** The number of tests, by result. */
export type Counts = Record<(typeof counted)[number], number>;

/** The duration of a group, or of one file of it. */
export interface Duration {
  group: Group;
  /** The test file; nothing for the whole group. */
  file: string | undefined;
  /** Milliseconds. */
  took: number;
}

/** The results of the runs of some groups. */
export class Results {
  readonly counts: Counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 };
  readonly failures: Failure[] = [];
  readonly durations: Duration[] = [];

  /** True if there were tests and each of them passed. */
  get good(): boolean {
    return this.failures.length === 0 && this.counts.tests > 0 && this.counts.tests === this.counts.passed;
  }

  /** The counts in the form in which node --test prints them. */
  get lines(): string[] {
    const { tests, passed, cancelled, skipped, todo } = this.counts;
    const fail = tests - passed - cancelled - skipped - todo;
    const shown = { tests, pass: passed, fail, cancelled, skipped, todo };
    return Object.entries(shown).map(([label, count]) => `ℹ ${label} ${count}`);
  }
}

/** Runs the files of a group and shows what they do; a skipped test is a failure. */
export async function runGroup(group: Group, cwd: string, results: Results): Promise<void> {
  const { name, files, concurrency, timeout, deadline, env } = group;
  if (files.length === 0) return;
  const began = performance.now();
  const late = AbortSignal.timeout(deadline);
  console.log(`\n== ${name}: ${files.length} files, ${concurrency} at a time`);
  const events = run({
    files,
    concurrency,
    timeout,
    cwd,
    signal: late,
    // Sources that are compiled once are there for every process that a test starts.
    env: { ...process.env, NODE_COMPILE_CACHE: join(cwd, 'build/test/compiled'), ...env },
  });
  events.on('test:summary', (summary) => {
    if (summary.file === undefined) for (const key of counted) results.counts[key] += summary.counts[key];
    else results.durations.push({ group, file: relative(cwd, summary.file), took: summary.duration_ms });
  });
  events.on('test:fail', ({ name: test, file, details: { error } }) => {
    // A file or suite that failed only because a test in it did adds nothing.
    if (codeOf(error) !== 'subtestsFailed') results.failures.push({ group, file, test, why: causeOf(error) });
  });
  events.on('test:pass', ({ name: test, file, skip, todo }) => {
    if (skip !== undefined || todo !== undefined)
      results.failures.push({ group, file, test, why: 'it was skipped, or is still to do' });
  });
  // Lanes write at the same time: every line says which group it is of.
  const lines = createInterface({ input: events.compose(spec), crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => console.log(`${name} │ ${line}`));
  await once(lines, 'close');
  if (late.aborted) {
    const why = `it did not end within ${deadline / 1000} s`;
    results.failures.push({ group, file: undefined, test: 'all of it', why });
  }
  const took = performance.now() - began;
  results.durations.push({ group, file: undefined, took });
  console.log(`== ${name}: over after ${Math.round(took / 1000)} s`);
}

/** The lines that report how long each group took against its budget, and which files took longest. */
export function formatDurations(durations: readonly Duration[], slowest: number): string[] {
  const seconds = (milliseconds: number) => `${Math.round(milliseconds / 1000)} s`.padStart(7);
  const groups = durations.filter(({ file }) => file === undefined);
  const files = durations.filter(({ file }) => file !== undefined).sort((a, b) => b.took - a.took);
  return [
    '== time of each group, its budget on two quiet cores',
    ...groups.map(
      ({ group, took }) =>
        `${seconds(took)} of${seconds(group.budget)}${took > group.budget ? ' OVER' : '     '} ${group.name}`,
    ),
    `== the ${slowest} slowest files`,
    ...files.slice(0, slowest).map(({ group, file, took }) => `${seconds(took)} ${file} (${group.name})`),
  ];
}

/**
 * Runs the files that had a failure once more, one by one.
 * @returns nothing where that would not help: nothing failed, too much did, or what failed is no file
 */
export async function runFailedAgain({ failures }: Results, cwd: string): Promise<Results | undefined> {
  const again = new Map<string, Group>();
  for (const { group, file } of failures) {
    if (file === undefined) return undefined;
    const alone = { name: `${group.name}, again`, files: [file], concurrency: 1 };
    again.set(`${group.name} ${file}`, { ...group, ...alone });
  }
  if (again.size === 0 || again.size > secondRuns) return undefined;
  const second = new Results();
  for (const group of again.values()) await runGroup(group, cwd, second);
  return second;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}

/** The runner wraps what a test threw. */
function causeOf(error: Error): string {
  const thrown = error.cause instanceof Error ? error.cause : error;
  return thrown.stack ?? thrown.message;
}
