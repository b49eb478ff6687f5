import type { Accelerator } from '../accelerator.ts';

/**
 * What a kernel in QEMU's microvm is told of time. Under TCG it would measure the time stamp counter against emulated
 * timers, which goes wrong when the host is busy: it then hangs at random. KVM tells its guests the frequency itself.
 */
export function timeWords(accelerator: Accelerator, tscKhz: number | undefined): string[] {
  const checked = 'no_timer_check';
  if (accelerator === 'kvm' || tscKhz === undefined) return [checked];
  return [checked, `tsc_early_khz=${tscKhz}`, 'tsc=reliable'];
}
