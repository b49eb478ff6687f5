import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { agentSocket } from '../../src/vmm/qemu/arguments.ts';
import { type Ended, runProgram } from '../support/program.ts';
import { fakeFirecracker } from '../vmm/firecracker/fake.ts';

const program = join(import.meta.dirname, '../../src/powerdown/main.ts');
let directory: string;
let vmm: ChildProcess;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync('/tmp/bt-powerdown-');
  vmm = spawn('sleep', ['1000']);
});
afterEach(async () => {
  server?.close();
  server = undefined;
  if (vmm.exitCode === null && vmm.signalCode === null) {
    vmm.kill('SIGKILL');
    await once(vmm, 'exit');
  }
  rmSync(directory, { recursive: true });
});

/** A guest agent behind the VMM's socket. */
async function agent(answer: (request: string, socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => answer(chunk.toString(), socket));
  });
  await once(server.listen(agentSocket(directory, 'control')), 'listening');
}

/** Runs the helper as systemd does. */
async function stop(env: NodeJS.ProcessEnv = { MAINPID: String(vmm.pid) }): Promise<Ended & { ms: number }> {
  const begun = performance.now();
  const ended = await runProgram(process.execPath, [program, directory], { env, timeoutMs: 30_000 });
  return { ...ended, ms: performance.now() - begun };
}

test('the guest is asked to power off, and the VMM waited for', async () => {
  const asked: string[] = [];
  let gone = false;
  vmm.once('exit', () => {
    gone = true;
  });
  await agent((request, socket) => {
    asked.push(request);
    const id = /X-Request-Id: (\S+)/.exec(request)?.[1];
    socket.write(`HTTP/1.1 204 OK\r\nX-Request-Id: ${id}\r\nContent-Length: 0\r\n\r\n`);
    setTimeout(() => vmm.kill(), 500);
  });
  const { status, stdout, stderr } = await stop();
  assert.deepEqual([status, stdout.toString(), stderr], [0, '', '']);
  assert.match(asked.join(), /^POST \/shutdown [\s\S]*"poweroff"/);
  assert.ok(gone, 'it did not wait for the VMM');
});

test('a guest that does not answer is given up, so that systemd goes on', async () => {
  await agent(() => undefined);
  const { status, stdout, ms } = await stop();
  assert.equal(status, 0);
  assert.match(stdout.toString(), /^the guest could not be asked to power off: .*did not answer/);
  assert.ok(ms < 15_000, `it took ${ms} ms`);
});

test('a guest in Firecracker whose agent is not there is asked by its keyboard, and waited for', async () => {
  await using fake = await fakeFirecracker(directory);
  fake.answer = ({ body }) => {
    if (body?.action_type === 'SendCtrlAltDel') setTimeout(() => vmm.kill(), 500);
    return undefined;
  };
  const { status, stdout, ms } = await stop();
  assert.equal(status, 0);
  assert.match(
    stdout.toString(),
    /^the guest could not be asked to power off: the machine has no vsock; .*\n$/,
  );
  assert.deepEqual(fake.asked, [
    { method: 'PUT', path: '/actions', body: { action_type: 'SendCtrlAltDel' } },
  ]);
  assert.ok(ms >= 500, 'it did not wait for the VMM');
});

test('a VMM without an agent, and one that has ended, are not waited for', async () => {
  const silent = await stop();
  assert.match(silent.stdout.toString(), /no agent port/);
  vmm.kill();
  await once(vmm, 'exit');
  const late = await stop();
  assert.deepEqual([late.status, late.stdout.toString()], [0, '']);
});

test('it says what it lacks, and never fails', async () => {
  const { status, stdout } = await stop({});
  assert.deepEqual([status, stdout.toString()], [0, 'usage: MAINPID=PID powerdown RUNTIME-DIRECTORY\n']);
});

test('while-running executes nothing once the main process has ended', async () => {
  const helper = join(import.meta.dirname, '../../build/host/while-running');
  const run = (env: NodeJS.ProcessEnv, ...args: string[]) => runProgram(helper, args, { env });
  assert.equal((await run({ MAINPID: '1' }, '/bin/echo', '$a b')).stdout.toString(), '$a b\n');
  const over = await run({}, '/bin/echo', 'a');
  assert.deepEqual([over.status, over.stdout.toString()], [0, '']);
  assert.equal((await run({ MAINPID: '1' }, '/nonexistent')).status, 1);
  assert.equal((await run({ MAINPID: '1' })).status, 2);
});

test('while-running leaves MAINPID alone of the environment, so that no other variable reaches Node', async () => {
  const helper = join(import.meta.dirname, '../../build/host/while-running');
  const env = { MAINPID: '1', NODE_OPTIONS: '--require=/nonexistent', HOME: '/' };
  const { stdout } = await runProgram(helper, ['/usr/bin/env'], { env });
  assert.equal(stdout.toString(), 'MAINPID=1\n');
});
