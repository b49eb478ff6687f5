// Supervises programs in a test host by the daemon's own code, and prints what it saw as JSON: name → what.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from '../../../src/bus/connection.ts';
import { getMessage } from '../../../src/common/errors.ts';
import { ProcessSupervisor } from '../../../src/supervise/process.ts';
import type { Supervised } from '../../../src/supervise/supervisor.ts';
import { SystemdSupervisor } from '../../../src/supervise/systemd.ts';
import { SystemdUnits } from '../../../src/systemd/units.ts';

const directory = join(process.env.HOME ?? '', 'supervised');
const logFile = join(directory, 'log');
mkdirSync(directory, { recursive: true, mode: 0o700 });
writeFileSync(logFile, '');
const log = { info: () => undefined, warn: console.error, error: console.error };
const never = new AbortController().signal;

/** A supervisor as each daemon makes one of its own. */
async function supervisor(): Promise<SystemdSupervisor> {
  const bus = await Bus.connect(process.env.DBUS_SESSION_BUS_ADDRESS ?? '', 5_000);
  const units = await SystemdUnits.on(bus, log);
  if (!units) throw new Error('there is no service manager on the bus');
  return new SystemdSupervisor(units, new ProcessSupervisor());
}

const first = await supervisor();
const start = (name: string, file: string, ...args: string[]): Promise<Supervised> =>
  first.start(`banger-vm-${name}`, { file, args }, logFile, {
    description: `banger VM ${name}`,
    stateDirectory: directory,
    powerDown: { file: '/bin/true', args: [] },
    memoryBytes: 64 * 1024 * 1024,
    tasks: 20,
    cpuWeight: 100,
    files: { writable: [], readable: [logFile], hidden: [] },
  });
const script = (name: string, text: string) => start(name, '/bin/sh', '-c', text);
const seen: Record<string, unknown> = {};

function ignoresTerm(pid: number): boolean {
  const [, mask = '0'] = /^SigIgn:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n;
}

// One that exits at once, also before anybody looked at it.
seen.atOnce = await first.ended(await start('once', '/bin/sh', '-c', 'exit 3'), never);
seen.wordless = await first.ended(await start('dollar', '/usr/bin/test', '$HOME', '=', '$HOME'), never);
seen.absent = await first.ended(await start('absent', '/nonexistent'), never);

// One that hears no signal but KILL, with a child that left its session.
const stubborn = await script(
  'stubborn',
  'trap "" TERM INT HUP; setsid sleep 1000 & while :; do sleep 0.1; done',
);
// Until its shell has set the trap, it hears TERM as well.
while (!ignoresTerm(stubborn.pid)) await sleep(10);
seen.term = await first.signal(stubborn, 'SIGTERM');
seen.stillRuns = await first.isRunning(stubborn);
seen.twice = await script('stubborn', 'exit 0').then(
  () => 'started twice',
  (error: unknown) => getMessage(error),
);
await first.kill(stubborn);
seen.killed = [await first.isRunning(stubborn), await first.ended(stubborn, never)];
seen.again = await first.ended(await script('stubborn', 'exit 0'), never);

// One that was started and never recorded, found by the next daemon.
const lost = await start('lost', '/bin/sleep', '1000');
// A program that is being exchanged for another has no environment for a moment.
while (!readFileSync(`/proc/${lost.pid}/cmdline`, 'utf8').startsWith('/bin/sleep')) await sleep(10);
const next = await supervisor();
const found = await next.find('banger-vm-lost');
seen.found = JSON.stringify(found) === JSON.stringify(lost);
const adopted = found && next.ended(found, never);
// By its process alone, as where the manager has gone.
const alone = new ProcessSupervisor();
seen.alone = [await alone.isRunning(lost), (await alone.mainPid(lost)) === lost.pid];
await alone.kill(lost);
seen.adopted = await adopted;
seen.foundNoMore = (await next.find('banger-vm-lost')) ?? 'nothing';

// One that another daemon ends while this one waits.
const shared = await script('shared', 'exec sleep 1000');
const heard = first.ended(shared, never);
await next.kill(shared);
seen.heard = await heard;

process.stdout.write(JSON.stringify(seen));
process.exit(0);
