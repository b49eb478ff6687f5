/** What a session says of a machine that ends under it. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { VmProxy } from '../../../src/client/client.ts';
import { visit } from '../../../src/client/session/visit.ts';
import { fakeSsh } from '../../cli/fake-ssh.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const access = {
  host: '127.0.0.1',
  port: 22,
  user: 'root',
  identityFile: '/nonexistent/key',
  knownHostsFile: '/nonexistent/known',
  hostKeyAlias: 'alias',
  controlPath: undefined,
};
const later = Number.MAX_SAFE_INTEGER;

/** What the daemon says of the VM after its session broke, and what comes of a command and of a shell on a terminal. */
const endings: [state: string, startedAt: number, command: RegExp | number, shell: RegExp | number][] = [
  ['stopped', 0, /^the guest powered off before the command had ended; start it/, 0],
  [
    'starting',
    0,
    /^the guest rebooted before the command had ended; enter it/,
    /^the guest rebooted; enter it/,
  ],
  [
    'running',
    later,
    /^the guest rebooted before the command had ended; enter it/,
    /^the guest rebooted; enter it/,
  ],
  ['failed', 0, /^the guest's kernel panicked/, /^the guest's kernel panicked/],
];

for (const [state, startedAt, command, shell] of endings) {
  for (const [isShell, expected] of [
    [false, command],
    [true, shell],
  ] as const) {
    const what = isShell ? 'a shell' : 'a command';
    test(`${what} that broke off is told what became of a VM that is ${state} now`, async (t) => {
      const bin = temporaryDirectory(t);
      writeFileSync(join(bin, 'ssh'), fakeSsh);
      chmodSync(join(bin, 'ssh'), 0o755);
      const former = { ...process.env };
      t.after(() => {
        process.env = former;
      });
      process.env = {
        ...former,
        PATH: `${bin}:${former.PATH}`,
        FAKE_SSH: 'broken',
        FAKE_SSH_ARGS: '/dev/null',
      };
      const told = {
        Name: 'web',
        State: state,
        StartedAt: startedAt,
        LastError: "the guest's kernel panicked",
      };
      const vm = { getAll: async () => told } as unknown as VmProxy;
      const session = visit(
        vm,
        access,
        { isShell, command: isShell ? undefined : 'make' },
        {
          ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'ignore', tty: isShell },
          ...{ readsTerminal: false, interactive: isShell },
          interrupts: { signal: new AbortController().signal, passTo: (_, work) => work() },
        },
      );
      if (typeof expected === 'number') assert.equal(await session, expected);
      else await assert.rejects(session, { message: expected });
    });
  }
}
