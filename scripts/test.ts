/**
 * Runs all tests: `make check`, the unit tests side by side, then two lanes beside each other: the guest tests, some of
 * them a second time in Firecracker's double, and the host tests, followed by the guest tests that are apart; each ends
 * with a crash matrix. In a lane one file runs at a time, because each boots machines of its own. One summary at the end
 * covers all; a skipped test is a failure, because what cannot run must say so.
 * Usage: test.ts [file…], for the given test files only.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Group {
  name: string;
  files: string[];
  concurrency: number;
  /** Milliseconds that one test may take. */
  timeout: number;
  /** Milliseconds that the group may take; a test file that does not end by itself is ended then. */
  deadline: number;
  /** What its environment has besides. */
  env?: NodeJS.ProcessEnv;
}

/** The guest tests that run in Firecracker's double, too; docs/testing.md tells how all of them do. */
const inDouble = ['test/guest/exec.test.ts'];

/** The guest tests with a home and a network of their own: they run beside others as well. */
const apart = ['test/guest/isolation.test.ts'];

/** What every group counts; what is left of the tests has failed. */
const counted = ['tests', 'passed', 'cancelled', 'skipped', 'todo'] as const;

const root = join(import.meta.dirname, '..');
process.chdir(root);
const started = performance.now();
const chosen = process.argv.slice(2);
const total = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 };
const failures: string[] = [];

if (chosen.length === 0 && spawnSync('scripts/check.sh', { stdio: 'inherit' }).status !== 0) {
  failures.push('make check');
}
const { unit, guest, double, host, separate, crashed } = groups();
await runGroup(unit);
await Promise.all([
  runLane(guest, double, crashed.processes),
  // As long as the other, within a few minutes.
  runLane(host, separate, crashed.units),
]);
report();

/** Runs groups one after the other. */
async function runLane(...lane: readonly Group[]): Promise<void> {
  for (const group of lane) await runGroup(group);
}

function groups() {
  const all = chosen.length > 0 ? chosen : globSync('test/**/*.test.ts').sort();
  const isIn = (folder: string) => (file: string) => file.includes(`test/${folder}/`);
  const oneAtATime = { concurrency: 1, deadline: 2_700_000 };
  const crashMatrix = (what: string): Group => ({
    name: `crash matrix of ${what}`,
    files: all.filter((file) => file.endsWith(`test/crash/${what}.test.ts`)),
    timeout: 2_400_000,
    ...oneAtATime,
  });
  const isOther = (file: string) => !['guest', 'host', 'crash'].some((folder) => isIn(folder)(file));
  return {
    unit: {
      name: 'unit tests',
      files: all.filter(isOther),
      concurrency: availableParallelism(),
      timeout: 120_000,
      deadline: 600_000,
    },
    guest: {
      name: 'guest tests',
      files: all.filter((file) => isIn('guest')(file) && !apart.includes(file)),
      timeout: 900_000,
      ...oneAtATime,
    },
    separate: {
      name: 'guest tests in a network of their own',
      files: all.filter((file) => apart.includes(file)),
      timeout: 900_000,
      ...oneAtATime,
    },
    double: {
      name: "guest tests in Firecracker's double",
      files: chosen.length > 0 ? [] : inDouble,
      timeout: 900_000,
      env: { BANGER_TEST_VMM: 'firecracker' },
      ...oneAtATime,
    },
    host: { name: 'host tests', files: all.filter(isIn('host')), timeout: 900_000, ...oneAtATime },
    crashed: { processes: crashMatrix('processes'), units: crashMatrix('units') },
  } satisfies Record<string, Group | Record<string, Group>>;
}

async function runGroup({ name, files, concurrency, timeout, deadline, env }: Group): Promise<void> {
  if (files.length === 0) return;
  const began = performance.now();
  console.log(`\n== ${name}: ${files.length} files, ${concurrency} at a time`);
  const events = run({
    files,
    concurrency,
    timeout,
    cwd: root,
    signal: AbortSignal.timeout(deadline),
    env: { ...process.env, ...env },
  });
  events.on('test:summary', (summary) => {
    if (summary.file === undefined) for (const key of counted) total[key] += summary.counts[key];
  });
  events.on('test:fail', ({ name: test, file, details }) => {
    // A file or suite that failed only because a test in it did adds nothing.
    if (codeOf(details.error) !== 'subtestsFailed') failures.push(`${file ?? name}: ${test}`);
  });
  events.on('test:pass', ({ name: test, file, skip, todo }) => {
    if (skip !== undefined || todo !== undefined)
      failures.push(`${file ?? name}: ${test} (skipped or to do)`);
  });
  // Lanes write at the same time: every line says which group it is of.
  const lines = createInterface({ input: events.compose(spec), crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => console.log(`${name} │ ${line}`));
  await once(lines, 'close');
  const took = Math.round((performance.now() - began) / 1000);
  console.log(`== ${name}: over after ${took} s`);
}

/** The totals in the form in which node --test prints them. */
function report(): void {
  console.log('\n== all groups');
  const { tests, passed, cancelled, skipped, todo } = total;
  const fail = tests - passed - cancelled - skipped - todo;
  for (const [label, count] of Object.entries({ tests, pass: passed, fail, cancelled, skipped, todo })) {
    console.log(`ℹ ${label} ${count}`);
  }
  console.log(`ℹ duration_ms ${Math.round(performance.now() - started)}`);
  for (const failure of failures) console.log(`✖ ${failure}`);
  const good = failures.length === 0 && tests > 0 && tests === passed;
  console.log(good ? 'all passed' : 'NOT PASSED');
  process.exitCode = good ? 0 : 1;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}
