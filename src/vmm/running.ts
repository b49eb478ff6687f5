import { existsSync } from 'node:fs';
import { FirecrackerDriver } from './firecracker/driver.ts';
import { apiSocket } from './firecracker/sockets.ts';
import type { Machine } from './machine.ts';
import { QemuDriver } from './qemu/driver.ts';

/** The handle of a machine that runs, whoever started it and in whichever VMM: its sockets tell. */
export function runningMachine(runtimeDirectory: string): Machine {
  const driver = existsSync(apiSocket(runtimeDirectory)) ? FirecrackerDriver : QemuDriver;
  return driver.machine(runtimeDirectory);
}
