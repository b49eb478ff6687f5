import { spawnSync } from 'node:child_process';

/** Something to measure: what one run of it took, in milliseconds. */
export interface Subject {
  name: string;
  run(): number | Promise<number>;
}

/** The middle of several figures and how far they spread. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** One subject against another, measured in turns. */
export interface Comparison {
  name: string;
  /** Milliseconds. */
  figure: Spread;
  against: { name: string; figure: Spread };
  /** Of the two figures of each turn: what slows the machine for a while slows both. */
  ratio: Spread;
  runs: number;
  /** The largest ratio that is good enough, if one is set. */
  bound?: number;
}

/**
 * Measures a subject and others in turns, after one run of each that is not counted.
 * @param runs how many times each; at least 5, or a median says little
 * @param bounds the largest good ratio against the others of the same index
 */
export async function compare(
  subject: Subject,
  others: readonly Subject[],
  runs: number,
  bounds: readonly (number | undefined)[] = [],
): Promise<Comparison[]> {
  if (runs < 5) throw new RangeError(`${runs} runs are too few to tell a median`);
  const all = [subject, ...others];
  const figures: number[][] = all.map(() => []);
  for (let turn = 0; turn <= runs; turn++) {
    for (const [index, { run }] of all.entries()) {
      const took = await run();
      if (turn > 0) figures[index]?.push(took);
    }
  }
  const [own = [], ...theirs] = figures;
  return others.map(({ name }, index) => {
    const their = theirs[index] ?? [];
    const bound = bounds[index];
    return {
      name: subject.name,
      figure: spreadOf(own),
      against: { name, figure: spreadOf(their) },
      ratio: spreadOf(own.map((took, turn) => took / (their[turn] ?? Number.NaN))),
      runs,
      ...(bound !== undefined && { bound }),
    };
  });
}

/** @throws RangeError if there are no figures or one is no number */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (min === undefined || max === undefined || low === undefined || high === undefined) {
    throw new RangeError('there are no figures');
  }
  if (sorted.some(Number.isNaN)) throw new RangeError('a figure is no number');
  return { median: (low + high) / 2, min, max };
}

/**
 * How long a program takes from its start to its end.
 * @throws Error if it fails, with what it wrote to stderr
 */
export function timeProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const took = performance.now() - started;
  if (error) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed with status ${status}: ${stderr}`);
  return took;
}
