/**
 * A home with one VM for the test files that ask what is in a guest, and not how it came up. `one-guest.test.ts` runs them
 * one after the other in one process; each runs alone, too, with a VM of its own.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGuestHome } from '../../support/guest-home.ts';

/** The name of the VM. */
export const vm = 'web';
export const home = await openGuestHome();

/** A file of the host that every guest gets. */
const profile = join(home.directories[0], 'profile');
writeFileSync(profile, '# of the host\n');
home.configure('[[file_sync]]\nhost = "~/profile"\nguest = "~/.profile"\n');

/** Makes the VM, unless a file that came before has it running. */
export async function requireVm(): Promise<void> {
  if (!(await home.names()).includes(vm)) await home.create(vm);
}

/** Registers the test that nothing is left, for a file that runs alone. */
export function testNothingLeft(): void {
  if (!process.argv[1]?.endsWith('one-guest.test.ts')) testAllGone();
}

/** Registers the test that nothing is left. */
export function testAllGone(): void {
  test('nothing is left', async () => {
    home.configure();
    rmSync(profile);
    await home.close();
  });
}
