/**
 * The daemon is killed at every step of everything it does, with VMMs as processes on a private bus: what was cut short
 * is finished or undone, what runs goes on, disks stay whole, and nothing is orphaned.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { localHost } from '../support/crash/local.ts';
import { crashMatrix } from '../support/crash/matrix.ts';
import { partOf } from '../support/crash/points.ts';
import { makeSource } from '../support/crash/source.ts';
import { checkout } from '../support/guest-home.ts';
import { tinyInstallation } from '../support/tiny/installation.ts';

/** BANGER_CRASH_POINTS=1 has all points, also those between two steps, where nothing happens. */
const all = process.env.BANGER_CRASH_POINTS === '1';
const directory = join(checkout, 'build/test/crash');

test('a daemon killed at any step is followed by one that finishes or undoes it', async (t) => {
  await using host = await localHost(await tinyInstallation('crash'));
  mkdirSync(directory, { recursive: true });
  const source = await makeSource(join(host.env.HOME ?? '', 'project'));
  const part = await partOf(process.env.BANGER_CRASH_PART, checkout);
  if (!all) t.diagnostic(`part ${part} of what repeats: BANGER_CRASH_PART=${part} has it again`);
  const selection = all ? 'all' : ({ part, of: 'repeats' } as const);
  const report = join(checkout, 'build/test/crash-matrix.md');
  await crashMatrix(t, host, { source, scratch: join(directory, 'scratch'), report, selection });
});
