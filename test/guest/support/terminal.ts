import { join } from 'node:path';
import { checkout, type GuestHome } from '../../support/guest-home.ts';
import { Tmux, type TmuxOptions } from '../../support/tmux.ts';

/** Milliseconds of a boot on a busy machine. */
export const bootMs = 180_000;
/** The size of a VM whose size is not the subject. */
export const small = '--vcpu 1 --memory 512M';

/** Opens a terminal in which `banger` is that of the checkout, with VMs of this home. */
export function openTerminal(home: GuestHome, options: Partial<TmuxOptions> = {}): Promise<Tmux> {
  const env = { ...home.env, PATH: `${join(checkout, 'bin')}:${process.env.PATH}` };
  return Tmux.open({ cwd: home.directories[0], ...options, env: { ...env, ...options.env } });
}

/** Reads how the terminal is set, but for its size. */
export async function settings(terminal: Tmux): Promise<string> {
  return (await terminal.run('stty -g')).shown;
}
