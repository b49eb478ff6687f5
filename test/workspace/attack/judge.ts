import { existsSync, readdirSync } from 'node:fs';
import { listing, type Place, git as runGit } from '../support.ts';
import { findInGuest } from './canary.ts';
import type { PrepareProcess } from './process.ts';
import type { Reply, Request } from './program.ts';
import { environmentCanary, makeScene, type Scene } from './scene.ts';
import type { Attack, Vector } from './vector.ts';

/** What became of a vector. All but `refused` and `same` are faults. */
export type Verdict = 'refused' | 'same' | 'leak' | 'hang' | 'memory' | 'different' | 'fault' | 'left';

export interface Outcome {
  verdict: Verdict;
  /** The error's code and sentence, or what was found where. */
  detail: string;
  ms: number;
}

/** Milliseconds that a vector has; a machine can be very busy. */
export const attackMs = Number(process.env.BANGER_ATTACK_MS ?? 60_000);

/**
 * Starting the reader's program four times takes most of the time of a vector. Where it is started, `hang.test.ts` and
 * `hostile.test.ts` have it in every run, and the vectors with BANGER_ATTACKS=1.
 */
const readsItself = process.env.BANGER_ATTACKS !== '1';

/** Errors by which a repository can be refused. */
const refusals = new Set([
  'NotARepository',
  'UnsafeRepository',
  'NotSupported',
  'HostNotReady',
  'CommandFailed',
  'InvalidArgs',
]);

/** What a guest has after a prepare, to compare it with another, without what an attack changed of the work tree. */
export class GuestState {
  readonly #lines: readonly { path: string; line: string }[];

  constructor({ target }: Place) {
    const ask = (...args: string[]) => askGuest(target, args).split('\n');
    this.#lines = [
      ...listing(target).map((line) => ({ path: line.replace(/ (-> .*|\d+ \d+ \w+)$/, ''), line })),
      ...ask('ls-files', '--stage').map((line) => ({ path: line.slice(line.indexOf('\t') + 1), line })),
      ...[...ask('log', '--format=%H %P'), ...ask('symbolic-ref', 'HEAD')].map((line) => ({
        path: '',
        line,
      })),
    ];
  }

  /** Finds a line of one of the two states that the other does not have. */
  differsFrom(other: GuestState, touched: readonly string[]): string | undefined {
    const [mine, theirs] = [this, other].map((state) => state.#without(touched));
    return mine?.find((line) => !theirs?.includes(line)) ?? theirs?.find((line) => !mine?.includes(line));
  }

  #without(touched: readonly string[]): string[] {
    const isTouched = (path: string) => touched.some((one) => path === one || path.startsWith(`${one}/`));
    return this.#lines.filter(({ path }) => !isTouched(path)).map(({ line }) => line);
  }
}

function askGuest(target: string, args: string[]): string {
  try {
    return runGit(target, ...args);
  } catch {
    return `git ${args[0]} fails`;
  }
}

/** Makes a vector's scene, shows that plain reading finds the canary, and prepares a workspace from it. */
export async function attack(
  vector: Vector,
  scene: Scene,
  process: PrepareProcess,
  honest: GuestState,
): Promise<Outcome> {
  const made = vector.make(scene);
  const found = Buffer.from(made.plain());
  if (!found.includes(made.finds ?? scene.canary)) {
    throw new Error(`plain reading does not find the canary: ${found.toString('latin1').slice(0, 200)}`);
  }
  const secret = made.secret ?? scene.canary;
  made.start?.();
  const began = performance.now();
  const { reply, isLate } = await prepareInTime(process, {
    source: made.source ?? scene.repo,
    place: scene.place,
    home: scene.place.host,
    readsItself: readsItself && !made.needsBounds,
    ...(secret === '' ? {} : { canary: secret }),
  });
  const ms = Math.round(performance.now() - began);
  return {
    ...judge(made, scene, secret, reply, isLate || !process.isRunning, process.isTooLarge, honest),
    ms,
  };
}

/** Prepares, and cancels after the deadline, and kills what then goes on. */
export async function prepareInTime(
  process: PrepareProcess,
  request: Omit<Request, 'id'>,
): Promise<{ reply: Reply | undefined; isLate: boolean }> {
  let isLate = false;
  const { ended, cancel } = process.prepare(request);
  const late = setTimeout(() => {
    isLate = true;
    cancel();
  }, attackMs);
  const stuck = setTimeout(() => void process.kill(), attackMs + 5_000);
  const reply = await ended;
  clearTimeout(late);
  clearTimeout(stuck);
  return { reply, isLate };
}

function judge(
  made: Attack,
  scene: Scene,
  secret: string,
  reply: Reply | undefined,
  isStuck: boolean,
  isTooLarge: boolean,
  honest: GuestState,
): Omit<Outcome, 'ms'> {
  const { place } = scene;
  const arrived = [secret, environmentCanary].flatMap((text) =>
    text === '' ? [] : findInGuest(place.guest, place.target, text),
  );
  if (arrived[0] !== undefined) return { verdict: 'leak', detail: arrived[0].replace(place.guest, 'guest') };
  if (reply?.inScratch) return { verdict: 'leak', detail: reply.inScratch.replace(place.scratch, 'scratch') };
  if (reply?.message?.includes(secret) && secret !== '') return { verdict: 'leak', detail: reply.message };
  if (isTooLarge) return { verdict: 'memory', detail: 'killed' };
  if (isStuck || reply === undefined) return { verdict: 'hang', detail: reply?.code ?? 'killed' };
  if (readdirSync(place.scratch).length > 0)
    return { verdict: 'left', detail: 'files in the scratch directory' };
  if (reply.code !== undefined) return refusal(reply, place);
  if (made.isOther) return { verdict: 'same', detail: 'not compared' };
  const difference = new GuestState(place).differsFrom(honest, made.touched ?? []);
  return difference === undefined
    ? { verdict: 'same', detail: '' }
    : { verdict: 'different', detail: difference };
}

function refusal({ code = '', message = '' }: Reply, place: Place): Omit<Outcome, 'ms'> {
  const detail = `${code}: ${message.replaceAll(place.host, '~')}`;
  if (existsSync(place.target)) return { verdict: 'left', detail };
  const hasRemedy = /; \S/.test(message);
  return { verdict: refusals.has(code) && hasRemedy ? 'refused' : 'fault', detail };
}

/** Gives what the guest gets of the honest repository. */
export async function prepareHonest(directory: string, process: PrepareProcess): Promise<GuestState> {
  const scene = makeScene(directory);
  try {
    const request = { source: scene.repo, place: scene.place, home: scene.place.host };
    const { reply } = await prepareInTime(process, request);
    if (reply?.code !== undefined) throw new Error(`the honest repository is refused: ${reply.message}`);
    return new GuestState(scene.place);
  } finally {
    scene.dispose();
  }
}
