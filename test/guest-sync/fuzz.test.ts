import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = join(import.meta.dirname, '..', '..');
const runs = process.env.BANGER_FUZZ_RUNS ?? '20000';
const seed = process.env.BANGER_FUZZ_SEED ?? '1';

test(`archives and records keep their promises for ${runs} mutated inputs of seed ${seed}`, async (t) => {
  const fuzz = join(temporaryDirectory(t), 'fuzz');
  const sources = globSync('guest/sync/*.c', { cwd: root }).filter((path) => !path.endsWith('/main.c'));
  const strict = ['-Wall', '-Wextra', '-Werror'];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  await run({
    file: 'gcc',
    args: [
      ...['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-g', ...strict, ...sanitizers],
      ...['-I', 'guest/sync', '-o', fuzz, join(import.meta.dirname, 'fuzz.c'), ...sources],
    ],
    cwd: root,
    timeoutMs: 120_000,
  });
  const outcome = await execute({ file: fuzz, args: [runs, seed], timeoutMs: 600_000 });
  assert.equal(outcome.status, 0, outcome.stderr.slice(0, 4000));
  t.diagnostic(outcome.stdout.trim());
  // Inputs that are all refused at once would test nothing.
  const [, archives, records] = /archives=(\d+) records=(\d+)\n$/.exec(outcome.stdout)?.map(Number) ?? [];
  assert.ok((archives ?? 0) > Number(runs) / 20 && (records ?? 0) > Number(runs) / 20, outcome.stdout);
});
