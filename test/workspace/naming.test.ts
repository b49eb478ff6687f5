/**
 * What a repository can name, and what must not come of it: nothing of the user's other files arrives in the guest, and
 * nothing waits for ever. Each vector has a canary that plain reading finds. The table goes to build/test/naming.md.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configurationVectors } from './attack/configuration.ts';
import { attack, type GuestState, type Outcome, prepareHonest } from './attack/judge.ts';
import { locationVectors } from './attack/location.ts';
import { metadataVectors } from './attack/metadata.ts';
import { PrepareProcess } from './attack/process.ts';
import { environmentCanary, makeHonest, makeScene } from './attack/scene.ts';
import { swapVectors } from './attack/swap.ts';
import { workTreeVectors } from './attack/work-tree.ts';

const maxBytes = 1024 ** 3;
/**
 * What arrives takes four times as long as what is refused: of these there is another one of the same kind, and they run
 * only with BANGER_ATTACKS=1.
 */
const longRunsOnly =
  /^(commit\.template|init\.templateDir|mailmap|url\.|remote\.|core\.attributesFile \((include|worktree)|include\.path: (a link|absolute \((include|worktree)|relative)|includeIf (gitdir\/i|gitdir:\*\* \(worktree|hasconfig)|info\/grafts|gitdir: |logs\/: |work tree, (\.gitmodules|\.mailmap|src|a tracked file: (environ|device)|an untracked file: fifo|\.gitattributes: link))/;
const vectors = [
  ...[...metadataVectors, ...configurationVectors, ...locationVectors, ...workTreeVectors, ...swapVectors],
].filter(({ name, more }) => process.env.BANGER_ATTACKS === '1' || !(more || longRunsOnly.test(name)));
const outcomes = new Map<string, Outcome>();
const honestHome = mkdtempSync(join(tmpdir(), 'banger-test-honest-'));
const honest = makeHonest(honestHome);
let expected: GuestState;
/** Processes that are free for the next vector. */
const free: PrepareProcess[] = [];

async function takeProcess(): Promise<PrepareProcess> {
  return free.pop() ?? (await PrepareProcess.start(maxBytes, { BANGER_TEST_CANARY: environmentCanary }));
}

before(async () => {
  const process = await takeProcess();
  // The end of the tests kills it, also if this fails.
  free.push(process);
  expected = await prepareHonest(honest, process);
});

after(async () => {
  await Promise.all(free.map((process) => process.kill()));
  rmSync(honestHome, { recursive: true });
  const rows = [...outcomes].map(([name, { verdict, detail, ms }]) => {
    return `| ${name} | ${verdict} | ${detail.replaceAll('|', '\\|')} | ${ms} |`;
  });
  const counts = Object.groupBy(outcomes.values(), ({ verdict }) => verdict);
  const summary = Object.entries(counts).map(([verdict, all]) => `${verdict}: ${all.length}`);
  const directory = join(import.meta.dirname, '../../build/test');
  mkdirSync(directory, { recursive: true });
  const table = ['| vector | outcome | | ms |', '|---|---|---|---|', ...rows, '', summary.join(', '), ''];
  writeFileSync(join(directory, 'naming.md'), table.join('\n'));
});

test('there are at least 60 vectors in every run, and each has a name of its own', () => {
  assert.ok(vectors.length >= 60, String(vectors.length));
  assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length);
});

describe('nothing leaks and nothing hangs', { concurrency: 2 }, () => {
  for (const vector of vectors) {
    test(vector.name, async () => {
      const process = await takeProcess();
      const scene = makeScene(honest);
      try {
        const outcome = await attack(vector, scene, process, expected);
        outcomes.set(vector.name, outcome);
        const { verdict, detail } = outcome;
        assert.ok(verdict === 'refused' || verdict === 'same', `${verdict}: ${detail}`);
      } finally {
        if (process.isRunning && outcomes.get(vector.name)?.verdict !== 'hang') free.push(process);
        else await process.kill();
        scene.dispose();
      }
    });
  }
});
