import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import {
  digestOf,
  GuestHome,
  lockGuests,
  openGuestHome,
  openHome,
  preparedImages,
  type TestImages,
} from '../guest-home.ts';
import { runProgram } from '../program.ts';
import { testVmm, vmmSettings } from '../test-vmm.ts';
import { tinyInstallation } from './installation.ts';

const pullTimeoutMs = 300_000;

/** Whether tests have the whole image where they would have the tiny one. */
export const wholeGuests = process.env.BANGER_WHOLE_GUESTS === '1';

/**
 * Opens a home as `openGuestHome` does, whose VMs have the tiny image unless a test says otherwise: the real kernel and
 * guest programs, and of Debian sshd alone. It is for tests of what the daemon does with VMs, whatever is in them; with
 * BANGER_WHOLE_GUESTS=1 they have the whole image.
 */
export async function openTinyHome(): Promise<GuestHome> {
  if (wholeGuests) return await openGuestHome();
  const settings = `${vmmSettings(testVmm())}default_image_name = "tiny"\n`;
  return await openHome(new GuestHome('tiny-home', settings), await preparedTinyImages());
}

/**
 * Makes the tiny image unless it is there, with the kernel of the guest tests.
 * @returns the state directory that has them, and what they are made of
 */
export async function preparedTinyImages(): Promise<TestImages> {
  const images = await preparedImages();
  using _made = await lockGuests('tiny-images-lock');
  const home = new GuestHome('tiny-images');
  const digest = `${images.digest} ${digestOf(['test/support/tiny/**'])}`;
  if (!home.isMadeOf(digest)) {
    await home.clear(false);
    await home.take(images, ['kernels']);
    const { banger, env } = await tinyInstallation('home');
    for (const args of [
      ['image', 'pull', 'tiny'],
      ['daemon', 'stop'],
    ]) {
      const { status, stderr } = await runProgram(banger, args, {
        env: { ...home.env, ...env },
        timeoutMs: pullTimeoutMs,
      });
      assert.equal(status, 0, stderr);
    }
    home.madeOf(digest);
  }
  rmSync(home.directories[1], { recursive: true });
  return { state: home.paths.state, digest };
}

/** A shell command by which the tiny guest powers itself off: the signal that systemd(1) does that for. */
export const powerOff = 'kill -38 1';
