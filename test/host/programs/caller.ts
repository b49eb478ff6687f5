/**
 * Calls the daemon again and again, as one kind of client does, with pauses about as long as it stays idle, and prints
 * as JSON how that went. Runs in a test host. Usage: caller.ts busctl|node|curl COUNT IDLE_MS
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Bus } from '../../../src/bus/connection.ts';
import { managerName, managerPath } from '../../../src/bus/interfaces.ts';

/** What a caller prints. */
export interface Calls {
  sent: number;
  answered: number;
  failures: string[];
  slowestMs: number;
}

const [kind = '', count = '', idle = ''] = process.argv.slice(2);
const timeout = 25_000;
const { DBUS_SESSION_BUS_ADDRESS: address = '', XDG_RUNTIME_DIR: runtime = '' } = process.env;
const run = promisify(execFile);
const call = await caller();
const calls: Calls = { sent: 0, answered: 0, failures: [], slowestMs: 0 };
while (calls.sent < Number(count)) {
  calls.sent++;
  const begin = performance.now();
  try {
    await call();
    calls.answered++;
  } catch (error) {
    calls.failures.push(String(error));
  }
  calls.slowestMs = Math.max(calls.slowestMs, Math.round(performance.now() - begin));
  await sleep(Number(idle) * (0.5 + Math.random()));
}
console.log(JSON.stringify(calls));
process.exit();

async function caller(): Promise<() => Promise<unknown>> {
  if (kind === 'busctl') {
    const args = ['--user', 'get-property', managerName, managerPath, managerName, 'Version'];
    return () => run('busctl', args, { timeout });
  }
  if (kind === 'curl') {
    const args = ['--silent', '--show-error', '--fail', '--max-time', `${timeout / 1000}`];
    args.push('--unix-socket', `${runtime}/banger/bangerd.sock`, 'http://banger/metrics');
    return () => run('curl', args, { timeout });
  }
  const bus = await Bus.connect(address, timeout);
  const target = { destination: managerName, path: managerPath, interface: managerName };
  return () => bus.call({ ...target, member: 'ListVMs' });
}
