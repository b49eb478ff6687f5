import assert from 'node:assert/strict';
import type { GuestHome } from '../../support/guest-home.ts';

/** A command in a guest that waits for a word. */
export interface OpenSession {
  /** Shows that the command still is where it was, and ends it. */
  goesOn(): Promise<void>;
}

/** Opens a session in a guest, to be looked at when something has happened around it. */
export async function openSession(home: GuestHome, vm: string): Promise<OpenSession> {
  const running = home.start([
    'vm',
    'exec',
    vm,
    '--',
    'sh',
    '-c',
    'echo in; read -r word; echo "heard $word"',
  ]);
  await running.says('in\n');
  return {
    async goesOn() {
      running.child.stdin?.end('well\n');
      const { status, stdout, stderr } = await running.ended;
      assert.deepEqual([status, stdout.toString()], [0, 'in\nheard well\n'], stderr);
    },
  };
}
