import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type Procedure, perform } from '../../src/common/steps.ts';
import type { Work } from '../../src/common/work.ts';

type Trace = string[];

function procedure(fail?: string): Procedure<Trace> {
  const step = (name: string) => ({
    name,
    run: (trace: Trace) => {
      trace.push(name);
      if (name === fail) throw new Error(`${name} failed`);
    },
    undo: (trace: Trace) => void trace.push(`un-${name}`),
  });
  return { name: 'try', steps: ['a', 'b', 'c'].map(step) };
}

function workOf(signal = new AbortController().signal): Work & { stages: string[] } {
  const stages: string[] = [];
  return { signal, stages, stage: (name) => stages.push(name) };
}

test('steps run in order and tell their names', async () => {
  const trace: Trace = [];
  const work = workOf();
  await perform(procedure(), trace, work);
  assert.deepEqual(trace, ['a', 'b', 'c']);
  assert.deepEqual(work.stages, ['a', 'b', 'c']);
});

test('a failure undoes what was begun, last first, the failed step among it', async () => {
  const trace: Trace = [];
  await assert.rejects(perform(procedure('b'), trace, workOf()), /b failed/);
  assert.deepEqual(trace, ['a', 'b', 'un-b', 'un-a']);
});

test('cancelled work undoes too, also after its last step', async () => {
  const abort = new AbortController();
  const trace: Trace = [];
  const { steps } = procedure();
  const last = { name: 'last', run: () => abort.abort() };
  await assert.rejects(perform({ name: 'try', steps: [...steps, last] }, trace, workOf(abort.signal)), {
    code: 'Cancelled',
  });
  assert.deepEqual(trace, ['a', 'b', 'c', 'un-c', 'un-b', 'un-a']);
});

test('a step that cannot be undone does not keep the others from it, and both causes are told', async () => {
  const trace: Trace = [];
  const { steps } = procedure('c');
  const broken = steps.map((step) =>
    step.name === 'b' ? { ...step, undo: () => Promise.reject(new Error('stuck')) } : step,
  );
  await assert.rejects(
    perform({ name: 'try', steps: broken }, trace, workOf()),
    /c failed.*undoing it failed too \(b: stuck\)/,
  );
  assert.deepEqual(trace, ['a', 'b', 'c', 'un-c', 'un-a']);
});

test('the daemon dies where it is told to', () => {
  const script = `
    import { perform } from ${JSON.stringify(import.meta.resolve('../../src/common/steps.ts'))};
    const work = { signal: new AbortController().signal, stage() {} };
    await perform({ name: 'try', steps: [{ name: 'a', run(_, { stage }) { stage('a', 0.5); console.log('ran') } }] }, {}, work);
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
