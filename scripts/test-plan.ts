import { availableParallelism } from 'node:os';
import type { Group } from './test-groups.ts';

/** The guest tests that every run has in Firecracker's double, too. */
const inDouble = ['test/guest/exec.test.ts'];

/** The guest tests that share a VM: `test/guest/one-guest.test.ts` runs them. */
export const inOneGuest = ['copy-kinds', 'copy', 'exec', 'host-channels', 'ssh-config', 'system'].map(
  (name) => `test/guest/${name}.test.ts`,
);

/** The guest tests with a home and a network of their own: they run beside others as well. */
const apart = ['test/guest/isolation.test.ts'];

/** The environment of the tests of `make test-all`, which docs/testing.md documents. */
export const longRuns: Readonly<Record<string, string>> = {
  BANGER_ATTACKS: '1',
  BANGER_CRASH_POINTS: '1',
  BANGER_DNS_QUERIES: '200000',
  BANGER_FUZZ_RUNS: '200000',
  BANGER_FUZZ_SECONDS: '300',
  BANGER_HOSTILE_ENTRIES: '50000',
  BANGER_MANY_FILES: '100000',
  BANGER_NETD_KILLS: '1',
  BANGER_WHOLE_GUESTS: '1',
};

/**
 * Seconds that each group should take on two quiet cores. The unit tests and then the longer of the two lanes of
 * scripts/test.ts add up to at most 30 minutes. A budget is a goal and not a limit: a slower machine takes longer.
 */
const budgets: Readonly<Record<string, number>> = {
  'unit tests': 240,
  'guest tests': 1_200,
  "guest tests in Firecracker's double": 90,
  'crash matrix of processes': 240,
  'host tests': 1_150,
  'guest tests in a network of their own': 150,
  'crash matrix of units': 150,
};

/** The factor by which deadlines of tests and groups are longer in a long run. */
const patience = 6;

/** The request for a run of tests. */
export interface TestRun {
  /** Paths of test files, below the root of the project. */
  files: readonly string[];
  /** True if the files were named on the command line; then none runs twice. */
  chosen: boolean;
  /** True if bounded tests run in their long form, as in `make test-all`. */
  long: boolean;
  env: NodeJS.ProcessEnv;
}

/** The groups of a run, by what they are. */
export type TestPlan = Record<
  'unit' | 'guest' | 'double' | 'host' | 'separate' | 'crashedProcesses' | 'crashedUnits',
  Group
>;

/** Sorts test files into groups. Variables that are set in the environment win over the lengths of a long run. */
export function planTests({ files, chosen, long, env }: TestRun): TestPlan {
  const isIn = (folder: string) => (file: string) => file.includes(`test/${folder}/`);
  const factor = long ? patience : 1;
  const lengths = Object.entries(longRuns).filter(([name]) => env[name] === undefined);
  const length = long ? Object.fromEntries(lengths) : {};
  const group = (name: string, selected: readonly string[], limits: Limits, more = {}): Group => ({
    name,
    files: [...selected],
    concurrency: limits.concurrency,
    timeout: limits.timeout * factor,
    deadline: limits.deadline * factor,
    budget: (budgets[name] ?? 0) * 1000,
    env: { ...length, ...more },
  });
  const shared = files.includes('test/guest/one-guest.test.ts') ? inOneGuest : [];
  const guest = files.filter(isIn('guest')).filter((file) => !shared.includes(file));
  const crashed = (what: string) => {
    const selected = files.filter((file) => file.endsWith(`test/crash/${what}.test.ts`));
    return group(`crash matrix of ${what}`, selected, { ...oneAtATime, timeout: 2_400_000 });
  };
  const isOther = (file: string) => !['guest', 'host', 'crash'].some((folder) => isIn(folder)(file));
  const twice = long ? guest : inDouble;
  return {
    unit: group('unit tests', files.filter(isOther), sideBySide),
    guest: group(
      'guest tests',
      guest.filter((file) => !apart.includes(file)),
      oneAtATime,
    ),
    separate: group(
      'guest tests in a network of their own',
      guest.filter((file) => apart.includes(file)),
      oneAtATime,
    ),
    double: group("guest tests in Firecracker's double", chosen ? [] : twice, oneAtATime, {
      BANGER_TEST_VMM: 'firecracker',
    }),
    host: group('host tests', files.filter(isIn('host')), oneAtATime),
    crashedProcesses: crashed('processes'),
    crashedUnits: crashed('units'),
  };
}

type Limits = Pick<Group, 'concurrency' | 'timeout' | 'deadline'>;

/** The attack tables start some processes for each of hundreds of cases; a busy machine takes minutes for a file. */
const sideBySide: Limits = { concurrency: availableParallelism(), timeout: 600_000, deadline: 2_400_000 };
const oneAtATime: Limits = { concurrency: 1, timeout: 900_000, deadline: 4_500_000 };
