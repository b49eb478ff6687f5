import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masterArguments, sshArguments } from '../../../src/client/session/arguments.ts';
import { execute } from '../../../src/common/exec.ts';

const connection = {
  host: '127.0.0.1',
  port: 2222,
  user: 'root',
  identityFile: '/home/a b/100% "mine"/id',
  knownHostsFile: '/state/known hosts',
  hostKeyAlias: 'banger-vm-1',
};

const alone = { tty: false, shared: undefined };

/** What ssh itself makes of the arguments: `ssh -G` prints the settings that it would use. */
async function settings(tty: boolean) {
  return await tellSettings(sshArguments(connection, '/dev/null', { tty, shared: undefined }, undefined));
}

async function tellSettings(args: string[]) {
  const { stdout, status } = await execute({ file: 'ssh', args: ['-G', ...args], timeoutMs: 10_000 });
  assert.equal(status, 0);
  return stdout.split('\n');
}

test('ssh takes every option, whatever stands in a path', async () => {
  const lines = await settings(false);
  for (const line of [
    'host 127.0.0.1',
    'port 2222',
    'user root',
    'batchmode yes',
    'identitiesonly yes',
    'stricthostkeychecking true',
    'hostkeyalias banger-vm-1',
    'requesttty false',
    'loglevel ERROR',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  const identity = lines.find((line) => line.startsWith('identityfile '));
  assert.match(identity ?? '', /100%{1,2} "mine"\/id$/);
  assert.match(lines.find((line) => line.startsWith('userknownhostsfile ')) ?? '', /\/state\/known hosts/);
});

test('a terminal is asked for only when there is one', async () => {
  assert.ok((await settings(true)).includes('requesttty force'));
});

test('the remote command is one argument after the host', () => {
  assert.deepEqual(sshArguments(connection, 'log', alone, 'a; b').slice(-3), ['--', '127.0.0.1', 'a; b']);
  assert.deepEqual(sshArguments(connection, 'log', alone, undefined).slice(-2), ['--', '127.0.0.1']);
});

test('a session that shares a connection names its socket, whatever stands in its path, and makes none', async () => {
  const shared = '/run/a b/100% "x"/ssh.sock';
  const lines = await tellSettings(sshArguments(connection, '/dev/null', { tty: false, shared }, undefined));
  assert.ok(lines.includes('controlmaster false'));
  assert.match(lines.find((line) => line.startsWith('controlpath ')) ?? '', /\/run\/a b\/100%{1,2} "x"\/ssh/);
  assert.ok(lines.includes('loglevel DEBUG2'));
});

test('what opens a shared connection leaves it in the background and never asks in a batch', async () => {
  const lines = await tellSettings(masterArguments(connection, '/run/ssh.sock', 300, true));
  for (const line of [
    'controlmaster auto',
    'controlpersist 300',
    'controlpath /run/ssh.sock',
    'batchmode yes',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});
