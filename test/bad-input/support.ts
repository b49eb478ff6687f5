import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { checkout } from '../support/guest-home.ts';
import { type PrivateHome, withPrivateHome } from '../support/home.ts';
import { runCli } from '../support/in-process/cli.ts';
import { type Ended, runProgram } from '../support/program.ts';

/** Something that somebody may type or have, and what banger must say to it. */
export interface BadInput {
  args: readonly string[];
  status: number;
  /** What the one line must hold. */
  says: RegExp;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** What the CLI is started by, such as a program that makes a mount namespace. */
  prefix?: readonly string[];
}

/** Nothing that is wrong takes longer to be refused, on the busiest machine. */
const refusalMs = 20_000;
/** Lines that are no failure: what is being done, and what was not asked for. */
const progress = /^(spec: |stage |note: )/;
/** Several at once, because most of a start is waiting; more than that only wait for each other. */
const atOnce = 4;

let count = 0;

/** The number of cases that this process has shown so far, as a line of the test's summary. */
export function tellCount(t: TestContext): void {
  assert.ok(count > 0);
  t.diagnostic(`${count} cases of bad input`);
}

let isHere = false;

/** Has commands run in this process, for files where how the CLI starts and waits is not the subject. */
export function runHere(): void {
  isHere = true;
}

/** Runs the CLI of this checkout to its end in a home of its own. */
export function banger(
  { env }: Pick<PrivateHome, 'env'>,
  { args, env: more, cwd, prefix = [] }: Pick<BadInput, 'args' | 'env' | 'cwd' | 'prefix'>,
): Promise<Ended> {
  const options = { env: { ...env, ...more }, timeoutMs: refusalMs, ...(cwd !== undefined && { cwd }) };
  if (isHere && prefix.length === 0) return runCli(args, options);
  const [file = '', ...rest] = [...prefix, join(checkout, 'bin/banger'), ...args];
  return runProgram(file, rest, options);
}

/** Shows that banger refuses something in one clear line with the right status, and has no result. */
export async function assertRefused(home: Pick<PrivateHome, 'env'>, input: BadInput): Promise<void> {
  const ended = await banger(home, input);
  assertOneLine(ended, input);
}

/** Shows that a program's end was a refusal: one line with cause and remedy, no result, the status. */
export function assertOneLine(
  { status, stdout, stderr }: Pick<Ended, 'status' | 'stdout' | 'stderr'>,
  { args, status: expected, says }: Pick<BadInput, 'args' | 'status' | 'says'>,
): void {
  const what = `banger ${args.map((arg) => JSON.stringify(arg).slice(0, 80)).join(' ')}: ${stderr}`;
  const lines = stderr.split('\n').filter((line) => line !== '' && !progress.test(line));
  assert.equal(lines.length, 1, what);
  assert.match(lines[0] ?? '', /^banger: \S.*; \S/, what);
  assert.match(lines[0] ?? '', says, what);
  assert.doesNotMatch(stderr, /\bat .*[.:]\d+:\d+\)?$|\[object |undefined|internal error/m, what);
  assert.equal(status, expected, what);
  assert.equal(stdout.toString('utf8'), '', what);
  count++;
}

/** Does something with each, some of them at a time. */
export async function each<T>(things: readonly T[], act: (thing: T) => Promise<void>): Promise<void> {
  const left = [...things];
  const worker = async () => {
    for (let thing = left.shift(); thing !== undefined; thing = left.shift()) await act(thing);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Counts a case that was shown by other means than `assertRefused`. */
export function shown(): void {
  count++;
}

/**
 * Runs a body with a home of its own. Fails if a process, a mount, a VM, a file of one or something half
 * made is left afterwards. The daemon that the body may have started is ended first.
 */
export async function inHome(body: (home: PrivateHome) => Promise<void>): Promise<void> {
  await withPrivateHome(async (home) => {
    try {
      await body(home);
    } finally {
      await banger(home, { args: ['daemon', 'stop'] });
    }
    const { state, runtime } = userPaths(home.env);
    const left = [state, runtime].flatMap(filesBelow).filter((path) => /\/vms\/.|\.making-/.test(path));
    assert.deepEqual(left, [], 'files were left');
  });
}

/** Shows that there is no VM. */
export async function assertNoVm(home: PrivateHome): Promise<void> {
  const { stdout, stderr } = await banger(home, { args: ['vm', 'list', '--json'] });
  assert.equal(stdout.toString('utf8'), '[]\n', stderr);
}

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  } catch {
    // It was never made, or the test made something else of it.
    return [];
  }
}
