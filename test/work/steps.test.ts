import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Procedure } from '../../src/work/steps.ts';
import type { Work } from '../../src/work/work.ts';

interface Traced {
  trace: string[];
}

function procedure(fail?: string): Procedure<Traced> {
  const run = (name: string) => (context: Traced) => {
    context.trace.push(name);
    if (name === fail) throw new Error(`${name} failed`);
  };
  const undo = (name: string) => (context: Traced) => void context.trace.push(`un-${name}`);
  return new Procedure<Traced>('try')
    .step('a', run('a'), undo('a'))
    .step('b', run('b'), undo('b'))
    .step('c', run('c'), undo('c'));
}

function workOf(signal = new AbortController().signal): Work & { stages: string[] } {
  const stages: string[] = [];
  return { signal, stages, stage: (name) => stages.push(name) };
}

test('steps run in order and report their names', async () => {
  const trace: string[] = [];
  const work = workOf();
  await procedure().perform({ trace }, work);
  assert.deepEqual(trace, ['a', 'b', 'c']);
  assert.deepEqual(work.stages, ['a', 'b', 'c']);
});

test('a failure undoes what was begun, last first, the failed step among it', async () => {
  const trace: string[] = [];
  await assert.rejects(procedure('b').perform({ trace }, workOf()), /b failed/);
  assert.deepEqual(trace, ['a', 'b', 'un-b', 'un-a']);
});

test('cancelled work undoes too, also after its last step', async () => {
  const abort = new AbortController();
  const trace: string[] = [];
  const cancelled = procedure().step('last', () => abort.abort());
  await assert.rejects(cancelled.perform({ trace }, workOf(abort.signal)), { code: 'Cancelled' });
  assert.deepEqual(trace, ['a', 'b', 'c', 'un-c', 'un-b', 'un-a']);
});

test('the other steps are undone when one cannot be, and the error names both causes', async () => {
  const trace: string[] = [];
  const { steps } = procedure('c');
  const broken = steps.map((step) =>
    step.name === 'b' ? { ...step, undo: () => Promise.reject(new Error('stuck')) } : step,
  );
  await assert.rejects(
    new Procedure<Traced>('try', broken).perform({ trace }, workOf()),
    /c failed.*undoing it failed too \(b: stuck\)/,
  );
  assert.deepEqual(trace, ['a', 'b', 'c', 'un-c', 'un-a']);
});

test('a step has what the steps before it gave, and so has the caller', async () => {
  const sum = new Procedure<{ first: number }>('sum')
    .step('second', async ({ first }) => ({ second: first + 1 }))
    .step('nothing', () => undefined)
    .step('third', ({ first, second }) => ({ third: first + second }));
  assert.deepEqual(await sum.perform({ first: 1 }, workOf()), { first: 1, second: 2, third: 3 });
});

test('a step that takes what no earlier step gave does not compile', async () => {
  const second = ({ first }: { first: number }) => ({ second: first });
  // @ts-expect-error
  const wrong = new Procedure<object>('try').step('second', second).step('first', () => ({ first: 1 }));
  assert.equal(wrong.steps.length, 2);
});

test('undo has what the steps gave that ended, and of a step that was cut short nothing', async () => {
  const seen: object[] = [];
  const see = (context: object) => void seen.push({ ...context });
  const failing = new Procedure<{ first: number }>('try')
    .step('second', () => ({ second: 2 }), see)
    .step(
      'third',
      (): { third: number } => {
        throw new Error('it failed');
      },
      see,
    );
  await assert.rejects(failing.perform({ first: 1 }, workOf()), /it failed/);
  assert.deepEqual(seen, [
    { first: 1, second: 2 },
    { first: 1, second: 2 },
  ]);
});

test('the daemon dies where it is told to', () => {
  const script = `
    import { Procedure } from ${JSON.stringify(import.meta.resolve('../../src/work/steps.ts'))};
    const work = { signal: new AbortController().signal, stage() {} };
    const run = (_, { stage }) => { stage('a', 0.5); console.log('ran'); };
    await new Procedure('try').step('a', run).perform({}, work);
    console.log('survived');`;
  const died = (at: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, BANGER_DIE_AT: at },
      encoding: 'utf8',
    });
  assert.deepEqual([died('try.a:before').signal, died('try.a:before').stdout], ['SIGKILL', '']);
  assert.deepEqual([died('try.a:during').signal, died('try.a:during').stdout], ['SIGKILL', '']);
  assert.deepEqual([died('try.a:after').signal, died('try.a:after').stdout], ['SIGKILL', 'ran\n']);
  assert.equal(died('try.b:before').stdout, 'ran\nsurvived\n');
});
