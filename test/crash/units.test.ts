/**
 * The daemon is killed at steps of what it does, as a service of a user's systemd that starts it again by itself, with
 * VMs and jobs as units. A run has one part of the points, which its commit chooses.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashMatrix } from '../support/crash/matrix.ts';
import { partOf, parts } from '../support/crash/points.ts';
import { makeSource } from '../support/crash/source.ts';
import { unitHost } from '../support/crash/unit-host.ts';
import { checkout } from '../support/guest-home.ts';
import { tinyInstallation } from '../support/tiny/installation.ts';

/** BANGER_CRASH_POINTS=1 has all points; BANGER_CRASH_PART has a part again. */
const all = process.env.BANGER_CRASH_POINTS === '1';

test('a service killed at any step is followed by one that finishes or undoes it', async (t) => {
  const part = await partOf(process.env.BANGER_CRASH_PART, checkout);
  if (!all) t.diagnostic(`part ${part} of 0 to ${parts - 1}: BANGER_CRASH_PART=${part} has it again`);
  const { crash, host } = await unitHost(await tinyInstallation('crash-units'));
  try {
    const source = '/home/alice/project';
    // Git wants a directory that has a path here.
    const made = await makeSource(join(checkout, 'build/test/crash/project'));
    cpSync(made, host.path(source), { recursive: true });
    await host.rootSays('chown', '-R', 'alice:alice', source);
    const scratch = join(checkout, 'build/test/crash/host-scratch');
    mkdirSync(scratch, { recursive: true });
    const report = join(checkout, 'build/test/crash-matrix-units.md');
    // What these do has nothing to do with units, or is the same as what others do.
    const without = ['pull-kernel', 'create', 'restart'] as const;
    const selection = all ? 'all' : ({ part, of: 'all' } as const);
    await crashMatrix(t, crash, { source, scratch, report, selection, without });
  } finally {
    await host.close();
  }
});
