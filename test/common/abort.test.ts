import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Deadline, onAbort, throwIfCancelled, untilAbort, untilAborted } from '../../src/common/abort.ts';

const never = new Promise<void>(() => {});
const isCancelled = { code: 'Cancelled' };

test('onAbort calls at once when the signal is aborted already', () => {
  let calls = 0;
  onAbort(AbortSignal.abort(), () => calls++);
  assert.equal(calls, 1);
});

test('onAbort calls once', () => {
  const abort = new AbortController();
  let calls = 0;
  onAbort(abort.signal, () => calls++);
  abort.abort();
  abort.abort();
  assert.equal(calls, 1);
});

test('what is disposed of is not called, and leaves no listener', () => {
  const abort = new AbortController();
  let calls = 0;
  onAbort(abort.signal, () => calls++)[Symbol.dispose]();
  assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
  abort.abort();
  assert.equal(calls, 0);
});

test('throwIfCancelled throws only when the signal is aborted', () => {
  throwIfCancelled(undefined);
  throwIfCancelled(new AbortController().signal);
  assert.throws(() => throwIfCancelled(AbortSignal.abort()), isCancelled);
});

test('untilAbort resolves with nothing when the signal is aborted', async () => {
  const abort = new AbortController();
  const end = untilAbort(abort.signal);
  abort.abort();
  assert.equal(await end, undefined);
});

test('untilAborted gives what the work gives, and leaves no listener', async () => {
  const abort = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(7), abort.signal), 7);
  assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
});

test('untilAborted stops waiting when the signal is aborted', async () => {
  const abort = new AbortController();
  const waiting = untilAborted(never, abort.signal, 'while it was tested');
  abort.abort();
  await assert.rejects(waiting, { ...isCancelled, message: /^cancelled while it was tested;/ });
});

test('work that fails after untilAborted stopped waiting is nobody else’s failure', async () => {
  const work = Promise.withResolvers<void>();
  await assert.rejects(untilAborted(work.promise, AbortSignal.abort()), isCancelled);
  work.reject(new Error('too late'));
  // An unhandled rejection would end the process now.
  await new Promise((resolve) => setImmediate(resolve));
});

test('a deadline aborts its signal when the time is over', async () => {
  using deadline = new Deadline(1);
  await untilAbort(deadline.signal);
  assert.equal(deadline.passed, true);
});

test('a deadline aborts its signal with the outer one, and has not passed then', () => {
  const outer = new AbortController();
  using deadline = new Deadline(60_000, outer.signal);
  outer.abort();
  assert.deepEqual([deadline.signal.aborted, deadline.passed], [true, false]);
});

test('a deadline that is disposed of leaves no listener and no timer', () => {
  const outer = new AbortController();
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  new Deadline(60_000, outer.signal)[Symbol.dispose]();
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0);
  const after = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  assert.equal(after, before);
});
