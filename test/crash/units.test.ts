/**
 * The daemon is killed before and after every step of what it does, as a service of a user's systemd that starts it
 * again by itself, with VMs and jobs as units.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashMatrix } from '../support/crash/matrix.ts';
import { makeSource } from '../support/crash/source.ts';
import { unitHost } from '../support/crash/unit-host.ts';
import { checkout } from '../support/guest-home.ts';
import { tinyInstallation } from '../support/tiny/installation.ts';

test('a service killed at any step is followed by one that finishes or undoes it', async (t) => {
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
    await crashMatrix(t, crash, { source, scratch, report, without });
  } finally {
    await host.close();
  }
});
