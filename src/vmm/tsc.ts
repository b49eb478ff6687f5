import { join } from 'node:path';
import { recall, remember } from '../common/boot.ts';
import { BangerError } from '../common/errors.ts';
import { run } from '../common/exec.ts';

/**
 * The frequency of the host's time stamp counter in kHz, measured once per boot.
 * @param helper the path of our program tsc-khz
 * @param runtimeDirectory a private directory for the figure
 * @throws HostNotReady, CommandFailed, Timeout
 */
export async function hostTscKhz(helper: string, runtimeDirectory: string): Promise<number> {
  const cache = { file: join(runtimeDirectory, 'tsc-khz.json'), key: helper, parse: plausible };
  const known = recall(cache);
  if (known !== undefined) return known;
  const output = await run({ file: helper, args: [], timeoutMs: 5_000 });
  const khz = plausible(Number(output.split(' ')[0]));
  if (khz === undefined) {
    throw new BangerError(
      'HostNotReady',
      `the time stamp counter cannot have ${JSON.stringify(output.trim())} kHz`,
    );
  }
  remember(cache, khz);
  return khz;
}

/** 100 MHz to 20 GHz. */
function plausible(khz: unknown): number | undefined {
  return typeof khz === 'number' && Number.isInteger(khz) && khz >= 1e5 && khz <= 2e7 ? khz : undefined;
}
