/**
 * Runs all tests: `make check`, the unit tests side by side, then two lanes beside each other: the guest tests, some of
 * them a second time in Firecracker's double, and the host tests, followed by the guest tests that are apart; each ends
 * with a crash matrix. In a lane one file runs at a time, because each boots machines of its own. A few files that
 * failed run a second time when all is quiet, and what passes only then is named: docs/decisions/0011 says why. One
 * summary at the end covers all; a skipped test is a failure, because what cannot run must say so.
 * Usage: test.ts [file…], for the given test files only.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Failure, type Group, Results, runFailedAgain, runGroup } from './test-groups.ts';

/** The guest tests that run in Firecracker's double, too; docs/testing.md tells how all of them do. */
const inDouble = ['test/guest/exec.test.ts'];

/** The guest tests with a home and a network of their own: they run beside others as well. */
const apart = ['test/guest/isolation.test.ts'];

const root = join(import.meta.dirname, '..');
process.chdir(root);
const started = performance.now();
const chosen = process.argv.slice(2);

const checked = chosen.length > 0 || spawnSync('scripts/check.sh', { stdio: 'inherit' }).status === 0;
const { unit, guest, double, host, separate, crashed } = groups();
const results = new Results();
await runLane(unit);
await Promise.all([
  runLane(guest, double, crashed.processes),
  // As long as the other, within a few minutes.
  runLane(host, separate, crashed.units),
]);
report(chosen.length > 0 ? undefined : await runFailedAgain(results, root));

/** Runs groups one after the other. */
async function runLane(...lane: readonly Group[]): Promise<void> {
  for (const group of lane) await runGroup(group, root, results);
}

function groups() {
  const all = chosen.length > 0 ? chosen : globSync('test/**/*.test.ts').sort();
  const isIn = (folder: string) => (file: string) => file.includes(`test/${folder}/`);
  const oneAtATime = { concurrency: 1, deadline: 3_600_000 };
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
      deadline: 900_000,
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

function report(second: Results | undefined): void {
  console.log('\n== all groups');
  for (const line of results.lines) console.log(line);
  console.log(`ℹ duration_ms ${Math.round(performance.now() - started)}`);
  show(results.failures);
  if (second) {
    console.log(`\n== again, of the ${results.failures.length} that failed`);
    for (const line of second.lines) console.log(line);
    show(second.failures);
  }
  if (!checked) console.log('✖ make check');
  const good = checked && (results.good || second?.good === true);
  if (good && second) console.log('NOT AT ONCE: the tests named above passed only when they ran again');
  console.log(good ? 'all passed' : 'NOT PASSED');
  process.exitCode = good ? 0 : 1;
}

function show(failures: readonly Failure[]): void {
  for (const { group, file, test, why } of failures) {
    console.log(`✖ ${group.name}: ${file ?? 'no file'}: ${test}`);
    console.log(why.replace(/^/gm, '    '));
  }
}
