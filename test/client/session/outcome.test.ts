import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOutcome } from '../../../src/client/session/outcome.ts';

const noise = 'OpenSSH_9.2p1\r\ndebug1: Reading configuration data none\r\n';
const inside = `${noise}Authenticated to 127.0.0.1 ([127.0.0.1]:2222) using "publickey".\r\n`;

test('the status of the guest is passed on', () => {
  for (const status of [0, 1, 42, 125, 137, 254]) {
    assert.deepEqual(parseOutcome(status, null, ''), { kind: 'exited', status });
  }
});

test('a status of 255 from the guest differs from a failure of ssh', () => {
  const log = `${inside}debug1: Exit status 255\r\n`;
  assert.deepEqual(parseOutcome(255, null, log), { kind: 'exited', status: 255 });
  assert.equal(parseOutcome(255, null, `${inside}debug1: Exit status -1\r\n`).kind, 'lost');
});

test('a signal that ended ssh, or that ssh says ended it', () => {
  assert.deepEqual(parseOutcome(null, 'SIGTERM', ''), { kind: 'exited', status: 143 });
  assert.deepEqual(parseOutcome(255, null, `${inside}Killed by signal 2.\r\n`), {
    kind: 'exited',
    status: 130,
  });
});

test('a login shell that a signal ended is no lost connection', () => {
  const log = `${inside}debug1: client_input_channel_req: channel 0 rtype exit-signal reply 0\r\n`;
  assert.deepEqual(parseOutcome(255, null, log), { kind: 'exited', status: 255 });
});

test('what ssh says is the reason', () => {
  const refused = 'ssh: connect to host 127.0.0.1 port 2222: Connection refused';
  assert.deepEqual(parseOutcome(255, null, `${noise}${refused}\r\n`), {
    kind: 'lost',
    connected: false,
    reason: refused,
  });
  const silent = 'Timeout, server 127.0.0.1 not responding.';
  assert.deepEqual(parseOutcome(255, null, `${inside}${silent}\r\ndebug1: Exit status -1\r\n`), {
    kind: 'lost',
    connected: true,
    reason: silent,
  });
  assert.deepEqual(parseOutcome(255, null, inside), {
    kind: 'lost',
    connected: true,
    reason: 'the guest closed it',
  });
  assert.deepEqual(parseOutcome(255, null, ''), {
    kind: 'lost',
    connected: false,
    reason: 'ssh gave no reason',
  });
});

const hello = 'debug2: mux_client_hello_exchange: master version 4\r\n';
const gone = `${hello}debug2: Control master terminated unexpectedly\r\n`;

test('over a shared connection: the status, a signal of ours, a session without a status, the end of it all', () => {
  const status = `${hello}debug2: Received exit status from master 255\r\n`;
  assert.deepEqual(parseOutcome(255, null, status, true), { kind: 'exited', status: 255 });
  for (const [name, signal] of [
    ['Hangup', 1],
    ['Interrupt', 2],
    ['Terminated', 15],
  ] as const) {
    const log = `${hello}debug2: Exiting on signal: ${name}\r\n`;
    assert.deepEqual(parseOutcome(255, null, log, true), { kind: 'exited', status: 128 + signal });
  }
  assert.deepEqual(parseOutcome(255, null, gone, true), { kind: 'exited', status: 255 });
  assert.deepEqual(parseOutcome(255, null, gone, false), {
    kind: 'lost',
    connected: true,
    reason: 'the guest closed it',
  });
});
