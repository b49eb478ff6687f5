import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/common/exec.ts';
import { growFileSystems, health, listPorts } from '../../src/guest/agent.ts';
import { Running } from '../support/program.ts';

const root = join(import.meta.dirname, '..', '..');
const agent = join(root, 'guest/agent');
const directory = mkdtempSync(join(tmpdir(), 'banger-vsock-'));
const program = join(directory, 'vsock');
const call = { timeoutMs: 10_000 };
const started: Running[] = [];

before(() => {
  const sources = readdirSync(agent).filter((name) => name.endsWith('.c') && name !== 'main.c');
  return run({
    file: 'gcc',
    args: [
      ...[
        '-std=gnu11',
        '-D_GNU_SOURCE',
        '-DBANGER_VERSION="test"',
        '-O1',
        '-g',
        '-Wall',
        '-Wextra',
        '-Werror',
      ],
      ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-I', agent, '-o', program],
      ...[join(import.meta.dirname, 'vsock.c'), ...sources.map((name) => join(agent, name))],
    ],
    timeoutMs: 120_000,
  });
});
after(async () => {
  for (const running of started) {
    running.child.kill('SIGKILL');
    await running.ended;
  }
  rmSync(directory, { recursive: true });
});

/** Starts the listener and gives what connects to it. */
async function listener(name: string, who: 'any' | 'host'): Promise<{ said: string; open: () => Socket }> {
  const path = join(directory, name);
  const running = new Running(program, [path, who]);
  started.push(running);
  await running.says('\n', 20_000);
  return { said: running.stdout().trim(), open: () => connect(path).on('error', () => undefined) };
}

/** Waits for the end of a connection, in order or not. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('only the host is answered', async () => {
  const { said, open } = await listener('host', 'host');
  // Of address family 40, by cid 2: not the guest itself, not another guest, not the hypervisor, not cut short.
  assert.equal(said, '100000');
  const socket = open();
  socket.write('GET /healthz HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n');
  const answers: Buffer[] = [];
  socket.on('data', (data) => answers.push(data));
  await closed(socket);
  assert.deepEqual(answers, []);
});

test('each connection is a channel for all requests, whatever the others do', async () => {
  const { open } = await listener('any', 'any');
  const idle = open();
  const garbage = open();
  garbage.write('GET GET /x\r\n'.repeat(1000));
  const opened = async () => open();
  const [told, ports] = await Promise.all([health(opened, call), listPorts(opened, call)]);
  assert.equal(told.version, 'test');
  assert.ok(Array.isArray(ports.ports));
  // The disks are not there, which only whoever may grow them is told.
  await assert.rejects(growFileSystems(opened, call, { system: 4096, work: 4096 }), /the system disk: /);
  // One connection more than it serves is closed, and has a place when another has ended.
  const many = Array.from({ length: 30 }, open);
  await Promise.all(many.map((socket) => once(socket, 'connect')));
  const surplus = open();
  await closed(surplus);
  for (const socket of [idle, garbage, ...many]) socket.destroy();
  await assert.doesNotReject(async () => {
    for (let tries = 0; tries < 50; tries++) {
      const again = await health(opened, call).catch(() => undefined);
      if (again) return;
    }
    throw new Error('no place was given back');
  });
});
