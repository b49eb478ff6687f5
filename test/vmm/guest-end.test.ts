import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endOf, unknownEnd } from '../../src/supervise/supervisor.ts';
import { machineEnd } from '../../src/vmm/end.ts';
import { findGuestEnd, type GuestEnd } from '../../src/vmm/guest-end.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const panicked = 'Kernel panic - not syncing: sysrq triggered crash';
const restarting = '[   12.345678] reboot: Restarting system';
const off: GuestEnd = { kind: 'off' };
const reboot: GuestEnd = { kind: 'reboot' };
const reset: GuestEnd = { kind: 'reset' };

/** What is on consoles at the end of guests, and how each ended. */
const consoles: [what: string, console: string, expected: GuestEnd][] = [
  ['a power-off', '[   12.345678] reboot: Power down', off],
  ['a halt', '[   12.345678] reboot: System halted', off],
  ['a reboot', `login: ${restarting}\r\n`, reboot],
  ['a reboot by sysrq', '[   12.345678] sysrq: Resetting\r\n', reboot],
  ['a power-off where there is none', `BANGER-OFF\r\n${restarting}\r\n`, off],
  ['a panic', `[    1.000000] ${panicked}\r\n[    1.1] CPU: 0 PID: 1\r\n`, { kind: 'panic', line: panicked }],
  [
    'a panic in a shutdown',
    `BANGER-OFF\n[    1.000000][    T1] ${panicked}\n`,
    { kind: 'panic', line: panicked },
  ],
  ['a panic of an earlier kernel', `[    1.000000] ${panicked}\n${restarting}\n`, reboot],
  ['a program that prints the words', `${panicked}\nreboot: Restarting system\n`, reset],
  ['something else', 'login: ', reset],
  ['nothing', '', off],
];

for (const [what, console, expected] of consoles) {
  test(`${what} is told from the console`, () => {
    assert.deepEqual(findGuestEnd(console, true), expected);
  });
}

test('silence says nothing of an end of which nothing is known', () => {
  assert.deepEqual(findGuestEnd('login: ', false), off);
});

const terminated = 'qemu-system-x86_64: terminating on signal 15 from pid 7 (kill)\n';
const exited = endOf(0, null);

/** What QEMU printed, and how its guest ended whose kernel had no last words. */
const logs: [what: string, end: typeof exited, log: string, expected: GuestEnd | undefined][] = [
  ['a reset', exited, '', reset],
  ['a QEMU that was terminated', exited, terminated, off],
  ['a QEMU whose end is not known', unknownEnd, '', off],
  ['a QEMU that failed', endOf(1, null), '', undefined],
];

for (const [what, end, log, expected] of logs) {
  test(`${what} is told from the log of QEMU`, async (t) => {
    const directory = temporaryDirectory(t);
    const files = { vmmLog: join(directory, 'vmm.log'), console: join(directory, 'console.log') };
    writeFileSync(files.vmmLog, log);
    writeFileSync(files.console, 'login: ');
    assert.deepEqual((await machineEnd(end, 'qemu', files)).guest, expected);
  });
}

test('a reset of Firecracker without a word is no power-off', async (t) => {
  const directory = temporaryDirectory(t);
  const files = { vmmLog: join(directory, 'vmm.log'), console: join(directory, 'console.log') };
  writeFileSync(files.console, 'login: ');
  assert.deepEqual((await machineEnd(exited, 'firecracker', files)).guest, reset);
});
