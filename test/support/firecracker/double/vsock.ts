import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Fault } from './fault.ts';

const program = join(import.meta.dirname, '../../../../build/test/firecracker-vsock');

/** The abstract socket at which QEMU finds the vsock of this double. */
export const vsockName = `banger-double-${process.pid}`;

/**
 * Has a program of ours be the guest's vsock, whose host's end is a socket at a path from now on.
 * @throws Fault if that cannot be made, as when its file is there
 */
export async function serveVsock(path: string, cid: number): Promise<void> {
  const child = spawn(program, [path, String(cid), vsockName], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-500);
  });
  const listening = once(child.stdout, 'data').then(() => true);
  const over = new Promise<false>((resolve) => child.once('close', () => resolve(false)));
  child.once('error', (error) => {
    said = error.message;
  });
  if (await Promise.race([listening, over])) return;
  throw new Fault(`Cannot create backend for vsock device: UnixBind(${said.trim()})`);
}
