/**
 * Puts the driver's own requests to a real Firecracker, which no test does: no distribution has one. Needs /dev/kvm; the
 * guest may stall. `node test/vmm/firecracker/trial.ts FIRECRACKER VMLINUX INITRD`; docs/firecracker.md has what it told.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getMessage } from '../../../src/common/errors.ts';
import { kernelNetworkWords } from '../../../src/network/addresses.ts';
import { enclose, enclosedTap } from '../../../src/network/enclosure.ts';
import { ProcessSupervisor } from '../../../src/supervise/process.ts';
import { type ApiRequest, ask } from '../../../src/vmm/firecracker/api.ts';
import { FirecrackerDriver } from '../../../src/vmm/firecracker/driver.ts';
import { bootRequests } from '../../../src/vmm/firecracker/requests.ts';
import { apiSocket } from '../../../src/vmm/firecracker/sockets.ts';
import { usableVersion, versionText } from '../../../src/vmm/firecracker/version.ts';
import type { MachineSpec } from '../../../src/vmm/machine.ts';
import { runningMachine } from '../../../src/vmm/running.ts';
import { enclosureTools, helper, processesWith } from '../../guest/support/host.ts';

const MiB = 1024 * 1024;
const agentMs = 3_000;
const [binary = '', vmlinux = '', initrd = ''] = process.argv.slice(2).map((path) => resolve(path));
if (!initrd) throw new Error('usage: node test/vmm/firecracker/trial.ts FIRECRACKER VMLINUX INITRD');

const directory = mkdtempSync(join(tmpdir(), 'banger-trial-'));
const runtimeDirectory = join(directory, 'run');
mkdirSync(runtimeDirectory, { mode: 0o700 });
const logFile = join(directory, 'vmm.log');
const consoleFile = join(directory, 'console.log');
for (const file of [logFile, consoleFile]) writeFileSync(file, '');
const supervisor = new ProcessSupervisor();
const never = new AbortController().signal;
// A supervised program keeps nobody alive.
const awake = setInterval(() => undefined, 1_000);

/** Does something and says how it went, and how long it took. */
async function step(name: string, act: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const told = await act().then(
    (answer) => (answer === undefined ? 'done' : JSON.stringify(answer)),
    (error: unknown) => `FAILED: ${getMessage(error)}`,
  );
  if (told.startsWith('FAILED')) process.exitCode = 1;
  console.log(`${name}: ${told} (${Math.round(performance.now() - began)} ms)`);
}

async function request(one: ApiRequest): Promise<void> {
  await step(`${one.method} ${one.path} ${JSON.stringify(one.body ?? '')}`, () =>
    ask(apiSocket(runtimeDirectory), one, 60_000),
  );
}

const drives = [true, false, false, true, true].map((readonly, index) => {
  const path = join(directory, `drive${index}`);
  writeFileSync(path, '');
  truncateSync(path, 8 * MiB);
  return { path, readonly };
});
const spec: MachineSpec = {
  ...{
    id: 'trial',
    vcpus: 2,
    memoryBytes: 256 * MiB,
    vmlinux,
    initrd,
    drives,
    runtimeDirectory,
    consoleFile,
  },
  commandLine: kernelNetworkWords(),
  network: { kind: 'tap', name: enclosedTap, mac: '52:54:00:00:00:01' },
};

await step('version', async () => versionText(await usableVersion(binary, directory)));
const driver = new FirecrackerDriver({ binary, vmmOutput: helper('vmm-output') });
const bare = await driver.program(spec);
const program = enclose(bare, enclosureTools(), { runtimeDirectory, allowLan: false, nat: true });
const supervised = await supervisor.start('banger-vm-trial', program, logFile);
try {
  for (const { method, path, body } of bootRequests(spec))
    console.log(`asks ${method} ${path} ${JSON.stringify(body)}`);
  const ended = supervisor.ended(supervised, never);
  await step('boot', () => driver.boot(spec, { ended, logFile }, never));
  await request({ method: 'GET', path: '/' });
  const machine = runningMachine(runtimeDirectory);
  const reached = machine.connectAgent('control', AbortSignal.timeout(agentMs)).then(
    (agent) => agent.destroy() && 'the agent answers',
    () => `silent for ${agentMs / 1000} s`,
  );
  console.log(`agent: ${await reached}`);
  await request({ method: 'PATCH', path: '/vm', body: { state: 'Paused' } });
  const snapshot = { snapshot_path: join(directory, 'state'), mem_file_path: join(directory, 'memory') };
  await request({ method: 'PUT', path: '/snapshot/create', body: { snapshot_type: 'Full', ...snapshot } });
  await request({ method: 'PATCH', path: '/vm', body: { state: 'Resumed' } });
  await step('resize', () => machine.resizeDrive(2, join(directory, 'drive2'), 16 * MiB));
  await step('ask to end', () => machine.askToEnd());
  await sleep(500);
  const status = readFileSync(`/proc/${supervised.pid}/status`, 'utf8');
  console.log(`process: ${status.match(/^(Name|CapEff|NoNewPrivs|Seccomp):.*$/gm)?.join(', ')}`);
} finally {
  await supervisor.kill(supervised);
  console.log(`console: ${JSON.stringify(readFileSync(consoleFile, 'utf8').slice(-2_000))}`);
  console.log(`log: ${readFileSync(logFile, 'utf8').trim()}`);
  console.log(`left: ${JSON.stringify(processesWith(directory))}`);
  rmSync(directory, { recursive: true });
  clearInterval(awake);
}
