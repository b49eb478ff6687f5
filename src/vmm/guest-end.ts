/** How a guest ended its machine, as its kernel, banger's programs in it and its VMM left word. */
export type GuestEnd =
  /** It powered off, or its VMM was ended from outside. */
  | { kind: 'off' }
  | { kind: 'reboot' }
  /** @param line what its kernel said of it; the guest's own words */
  | { kind: 'panic'; line: string }
  /** It reset the machine, and nothing in it asked for that: a triple fault, or a reset by its hardware. */
  | { kind: 'reset' };

/**
 * What a kernel prints last, whatever its console's level (kernel/reboot.c, kernel/panic.c, drivers/tty/sysrq.c of Linux).
 * Each line begins with its time; a prompt may stand before it. With `panic=-1` the reset follows a panic at once, and
 * without the words of a restart.
 */
const finalWords =
  /\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? (?:(Kernel panic - not syncing[^\r\n]*)|reboot: (Restarting system|Power down|System halted)|sysrq: (Resetting))/g;

/** What guest/init and the agent print where a power-off is a reset, because the machine has no power to switch off. */
const offMark = /^BANGER-OFF\r?$/m;

/**
 * Tells how a guest ended whose VMM nobody ended.
 * @param console the end of its console; a guest of which nothing is there at all may have said anything
 * @param hasExited whether the VMM exited with status 0, as opposed to an end of which nothing is known: a guest that said
 *   nothing then reset the machine
 */
export function findGuestEnd(console: string, hasExited: boolean): GuestEnd {
  const [, panic, rebooted, reset] = [...console.matchAll(finalWords)].at(-1) ?? [];
  if (panic !== undefined) return { kind: 'panic', line: panic };
  const isOff = offMark.test(console) || rebooted === 'Power down' || rebooted === 'System halted';
  if (isOff) return { kind: 'off' };
  if (rebooted !== undefined || reset !== undefined) return { kind: 'reboot' };
  return { kind: hasExited && console !== '' ? 'reset' : 'off' };
}
