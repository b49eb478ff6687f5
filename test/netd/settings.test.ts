import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings, watchSettings } from '../../src/netd/settings.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('new settings and replaced settings are told', { timeout: 90_000 }, async (t) => {
  const file = join(temporaryDirectory(t), 'netd.toml');
  const told = [3, 5].map((maxTaps) => ({ maxTaps, ...Promise.withResolvers<void>() }));
  t.after(
    watchSettings(() => {
      const { maxTaps } = readSettings(file);
      told.find((each) => each.maxTaps === maxTaps)?.resolve();
    }, file),
  );
  // Again and again: what is there when the watch begins is no change.
  const writing = setInterval(() => writeFileSync(file, 'max_taps = 3\n'), 500);
  t.after(() => clearInterval(writing));
  await told[0]?.promise;
  clearInterval(writing);
  // The timer of the watch keeps no process alive.
  const alive = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(alive));
  writeFileSync(`${file}.new`, 'max_taps = 5\n');
  renameSync(`${file}.new`, file);
  await told[1]?.promise;
});

test('settings that stay away are not told', async (t) => {
  const changes: string[] = [];
  t.after(watchSettings(() => changes.push('changed'), join(temporaryDirectory(t), 'netd.toml')));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(changes, []);
});
