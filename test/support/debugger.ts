import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './program.ts';

const usr1Mask = 1n << 9n;
/** TCP_LISTEN of the kernel, as /proc/net/tcp has it. */
const listening = '0A';
/** 9229, where Node's debugger listens unless it is told another one. */
const debuggerPort = /:240D$/;
/** Node has opened its debugger long before: `opensDebugger` finds one within this time. */
const patienceMs = 1_500;

/** The local addresses, in the form of /proc/net/tcp, at which a process listens; in its own network namespace. */
export function listenersOf(pid: number): string[] {
  const descriptors = `/proc/${pid}/fd`;
  const sockets = readdirSync(descriptors).map((fd) => target(`${descriptors}/${fd}`));
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && sockets.includes(`socket:[${fields[9]}]`))
    .map((fields) => fields[1] ?? '');
}

/** Waits until a process is Node and has set up its signals: what comes before would end it, as any other program. */
export async function untilNode(pid: number): Promise<void> {
  await until(`process ${pid} is Node`, () => {
    const arguments_ = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    // Of the threads that Node makes after that.
    return /^[^\0]*node\0/.test(arguments_) && readdirSync(`/proc/${pid}/task`).length > 4;
  });
}

/**
 * Sends SIGUSR1 to a program that runs on Node, by which Node opens a debugger, unless it is told not to.
 * @throws AssertionError if the program ends, has a debugger, or takes the signal, as with a debugger whose port is in use
 */
export async function assertNoDebugger(pid: number): Promise<void> {
  await untilNode(pid);
  process.kill(pid, 'SIGUSR1');
  const end = Date.now() + patienceMs;
  while (Date.now() < end) {
    const [state, command] = [readFileSync(`/proc/${pid}/stat`, 'latin1'), commandOf(pid)];
    assert.doesNotMatch(state, /\) [ZX] /, `${command} was ended by SIGUSR1`);
    const debuggers = listenersOf(pid).filter((address) => debuggerPort.test(address));
    assert.deepEqual(debuggers, [], `${command} has a debugger after SIGUSR1`);
    await sleep(50);
  }
  assert.ok(isPending(pid), `${commandOf(pid)} took SIGUSR1`);
}

/** Whether Node opens a debugger on SIGUSR1 within the time for which `assertNoDebugger` looks. */
export async function opensDebugger(pid: number): Promise<boolean> {
  await untilNode(pid);
  process.kill(pid, 'SIGUSR1');
  const end = Date.now() + patienceMs;
  while (Date.now() < end) {
    if (listenersOf(pid).length > 0) return true;
    await sleep(50);
  }
  return false;
}

/** Whether SIGUSR1 waits at a process, all of whose threads keep it blocked. */
function isPending(pid: number): boolean {
  const [, mask = '0'] = /^ShdPnd:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & usr1Mask) !== 0n;
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // It was closed meanwhile.
    return '';
  }
}
