/**
 * Copies with a guest that is this host: what stands in place of ssh runs the real scripts here, with the programs that
 * guests have.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Copy } from '../../../src/client/copy/copy.ts';
import { receive } from '../../../src/client/copy/receive.ts';
import { send } from '../../../src/client/copy/send.ts';
import { copyProgram } from '../../../src/client/installation.ts';
import { run } from '../../../src/common/exec.ts';
import { checkout } from '../../support/guest-home.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const args = ['-s', '-f', 'guest/sync/sync.mk', 'build/guest/sync'];
await run({ file: 'make', args, cwd: checkout, timeoutMs: 120_000 });

/** How a copy ended. */
export interface CopyEnd {
  /** Whether all was copied, which is status 0. */
  whole: boolean;
  /** What the user was told, the error that ended it last. */
  said: string[];
}

export type Direction = 'to the guest' | 'from the guest';
export const directions: readonly Direction[] = ['to the guest', 'from the guest'];

/** Copies from one place of this host to another, one of which is the guest's. */
export type CopyHere = (
  direction: Direction,
  sources: readonly string[],
  target: string,
  options?: { follow?: boolean },
) => Promise<CopyEnd>;

const access = {
  host: '127.0.0.1',
  port: 1,
  user: 'root',
  identityFile: '/nonexistent',
  knownHostsFile: '/nonexistent',
  hostKeyAlias: 'banger-vm',
  controlPath: undefined,
};

/**
 * Gives a copy. The PATH is another until the test ends.
 * @param program what the guest has to pack with
 */
export function guestHere(t: TestContext, program = copyProgram()): CopyHere {
  const bin = temporaryDirectory(t);
  const ssh = join(bin, 'ssh');
  const there = `s#/run/banger/sync#${program}#g; s#/run/banger/busybox#busybox#g`;
  writeFileSync(
    ssh,
    `#!/bin/sh\nfor command; do :; done\neval "$(printf '%s' "$command" | sed '${there}')"\n`,
  );
  chmodSync(ssh, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  return async (direction, sources, target, { follow = false } = {}) => {
    const said: string[] = [];
    const signal = AbortSignal.timeout(30_000);
    using copy = new Copy(access, {
      follow,
      signal,
      onBytes: () => undefined,
      onNote: (text) => said.push(text),
    });
    try {
      await (direction === 'to the guest' ? send : receive)(copy, sources, target);
    } catch (error) {
      return { whole: false, said: [...said, String(error)] };
    }
    return { whole: copy.isWhole, said };
  };
}
