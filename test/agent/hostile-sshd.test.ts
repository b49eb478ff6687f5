/** An sshd that somebody put in the place of the guest's, against both clients: OpenSSH's with the CLI's options, and the daemon's. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type ssh2 from 'ssh2';
import { sshArguments } from '../../src/client/session/arguments.ts';
import { execute } from '../../src/common/exec.ts';
import { GuestShells } from '../../src/guest/shell.ts';
import { guestCommand } from '../../src/ssh/guest-command.ts';
import type { SshConnection } from '../../src/ssh/options.ts';
import { inNamespace } from '../support/namespace.ts';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { SshServer } from './ssh-server.ts';

const timeoutMs = 90_000;
/** How long a connection stays open, so that what a guest asks for arrives. */
const command = ['sh', '-c', 'sleep 1; echo done'];

/** All controls but line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const escapes = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** Something on the host that a guest would like to reach, and how often somebody did. */
interface Canary {
  server: Server;
  reached: number;
}

async function canary(t: TestContext, where: string | number): Promise<Canary> {
  const found: Canary = { server: createServer(), reached: 0 };
  found.server.on('connection', (socket) => {
    found.reached++;
    socket.destroy();
  });
  if (typeof where === 'string') found.server.listen(where);
  else found.server.listen(where, '127.0.0.1');
  t.after(() => void found.server.close());
  await until('a canary listens', () => found.server.listening);
  return found;
}

function portOf({ server }: Canary): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function start(t: TestContext, banner?: string) {
  const directory = temporaryDirectory(t);
  const server = await SshServer.start(directory, banner);
  const agentSocket = join(directory, 'agent.sock');
  const canaries = {
    agent: await canary(t, agentSocket),
    port: await canary(t, 0),
    display: await canary(t, 0),
  };
  const shells = new GuestShells();
  t.after(() => {
    shells.closeAll();
    server.close();
  });
  const connection = await server.connection();
  const env = {
    ...process.env,
    SSH_AUTH_SOCK: agentSocket,
    DISPLAY: `127.0.0.1:${portOf(canaries.display) - 6000}`,
    SECRET: 'x',
  };
  /** A command as `vm exec` runs it. @param prefix what runs ssh */
  const openssh = (change: Partial<SshConnection> = {}, prefix: readonly string[] = []) => {
    const shape = { tty: false, shared: undefined };
    const args = sshArguments(
      { ...connection, ...change },
      join(directory, 'log'),
      shape,
      guestCommand(command),
    );
    const [file = '', ...words] = [...prefix, 'ssh', ...args];
    return execute({ file, args: words, env, timeoutMs });
  };
  /** A command as the daemon runs it. */
  const daemon = (change: Partial<SshConnection> = {}, id = 'vm') =>
    shells.shellOf(id, async () => ({ ...connection, ...change })).execute(command, { timeoutMs });
  const reached = () => [canaries.port.reached, canaries.display.reached];
  return { directory, server, canaries, connection, openssh, daemon, reached, agentSocket };
}

type Opened = (error: Error | undefined) => void;

/** What a server may ask of its client, by which the types of ssh2 know nothing of the last. */
interface AgentChannels {
  _chanMgr: { add(opened: Opened): number };
  _protocol: { openssh_authAgent(channel: number, window: number, packet: number): void };
}

const wants: Record<string, (client: ssh2.Connection, port: number, socket: string, opened: Opened) => void> =
  {
    'a port of the host': (client, port, _, opened) =>
      client.forwardOut('127.0.0.1', port, '127.0.0.1', 1, opened),
    'a port of the host, by the wildcard': (client, port, _, opened) =>
      client.forwardOut('', port, '127.0.0.1', 1, opened),
    'a unix socket of the host': (client, _, socket, opened) =>
      client.openssh_forwardOutStreamLocal(socket, opened),
    'the X server': (client, _port, _socket, opened) => client.x11('127.0.0.1', 1, opened),
    'the ssh agent': (client, _port, _socket, opened) => {
      const inner = client as unknown as AgentChannels;
      inner._protocol.openssh_authAgent(inner._chanMgr.add(opened), 1 << 20, 1 << 15);
    },
  };

for (const [what, ask] of Object.entries(wants)) {
  test(`a guest that opens a channel to ${what} is refused by both clients`, async (t) => {
    const { server, canaries, openssh, daemon, reached, agentSocket } = await start(t);
    await openssh();
    // ssh itself asks the agent whether it has the key that opens the VM.
    const asked = canaries.agent.reached;
    let refused = 0;
    server.behaviour.afterLogin = (client) =>
      ask(client, portOf(canaries.port), agentSocket, (error) => {
        assert.ok(error, 'it was opened');
        refused++;
      });
    for (const client of [openssh, daemon]) {
      const { status, stdout } = await client();
      assert.deepEqual([status, stdout], [0, 'done\n']);
    }
    assert.deepEqual([refused, canaries.agent.reached, ...reached()], [2, 2 * asked, 0, 0]);
  });
}

/** What a user or an administrator may say of all hosts. `EVIL` is a file that nobody may make. */
const hostileConfiguration = `Host *
  ForwardAgent yes
  ForwardX11 yes
  ForwardX11Trusted yes
  RemoteForward 19999 127.0.0.1:PORT
  LocalForward 127.0.0.1:19998 127.0.0.1:22
  DynamicForward 127.0.0.1:19997
  ExitOnForwardFailure no
  SendEnv *
  SetEnv LEAK=x
  ProxyCommand touch EVIL
  KnownHostsCommand /usr/bin/touch EVIL
  PermitLocalCommand yes
  LocalCommand touch EVIL
  RemoteCommand touch EVIL
  StrictHostKeyChecking no
  UpdateHostKeys yes
  UserKnownHostsFile /dev/null
  IdentityAgent AGENT
  AddKeysToAgent yes
  ControlMaster auto
  ControlPath EVIL
  RequestTTY force
  Tunnel yes
  BatchMode no
`;

test('no configuration of ssh adds anything to what a guest is given', async (t) => {
  const { directory, server, canaries, connection, openssh, reached, agentSocket } = await start(t);
  const evil = join(directory, 'evil');
  const path = join(directory, 'config');
  const text = hostileConfiguration
    .replaceAll('EVIL', evil)
    .replace('AGENT', agentSocket)
    .replace('PORT', String(portOf(canaries.port)));
  writeFileSync(path, text);
  // Of all users, and of this one, wherever the password database says that the home is.
  const script = `mount --bind "$0" /etc/ssh/ssh_config
    home=$(getent passwd "$(id -u)" | cut -d: -f6); mount -t tmpfs none "$home"; mkdir -m 700 "$home/.ssh"
    cp "$0" "$home/.ssh/config"; chmod 600 "$home/.ssh/config"`;
  const host = [...inNamespace(script), path];
  const trial = await execute({ file: host[0] ?? '', args: [...host.slice(1), 'ssh', '-G', 'x'], timeoutMs });
  assert.match(trial.stdout, /^forwardagent yes$/m, 'the configuration is not read, which proves nothing');
  assert.match(trial.stdout, /^sendenv \*$/m);

  const { status, stdout, stderr } = await openssh({}, host);
  assert.deepEqual([status, stdout], [0, 'done\n'], stderr);
  assert.deepEqual(server.asked, ['env SHLVL']);
  assert.deepEqual(reached(), [0, 0]);
  await assert.rejects(async () => readFileSync(evil), { code: 'ENOENT' });

  // A guest with another key is not talked to, whatever the configuration thinks of that.
  const before = readFileSync(connection.knownHostsFile);
  const other = await SshServer.start(directory);
  t.after(() => other.close());
  const { port } = await other.connection(connection.identityFile);
  writeFileSync(connection.knownHostsFile, before);
  const refused = await openssh({ port }, host);
  assert.equal(refused.status, 255);
  assert.equal(refused.stdout, '');
  assert.deepEqual(readFileSync(connection.knownHostsFile), before);
});

test('another host key ends both clients before they send anything', async (t) => {
  const { directory, connection, openssh, daemon } = await start(t);
  const before = readFileSync(connection.knownHostsFile);
  const other = await SshServer.start(directory);
  t.after(() => other.close());
  let ran = false;
  other.behaviour.answers = () => {
    ran = true;
  };
  let logins = 0;
  other.behaviour.afterLogin = () => logins++;
  const { port } = await other.connection(connection.identityFile);
  writeFileSync(connection.knownHostsFile, before);
  assert.equal((await openssh({ port })).status, 255);
  await assert.rejects(daemon({ port }, 'other'), { code: 'GuestUnreachable', message: /another host key/ });
  assert.deepEqual([logins, ran], [0, false]);
  assert.deepEqual(readFileSync(connection.knownHostsFile), before);
});

test('what is said before a login reaches the terminal without escapes', async (t) => {
  const { openssh, daemon } = await start(t, '\x1b[2J\x1b]0;title\x07\x9b31mbanger: delete everything\r\n');
  const { status, stdout, stderr } = await openssh();
  assert.deepEqual([status, stdout], [0, 'done\n']);
  assert.doesNotMatch(stderr, escapes);
  const told = await daemon();
  assert.deepEqual([told.status, told.stdout, told.stderr], [0, 'done\n', '']);
});

/** What speaks no ssh, or never comes to it: bytes once, and bytes without end. */
const noSsh: [what: string, first: string, again: string][] = [
  ['lines without end', '', `${'x\x1b[31m'.repeat(50)}\r\n`],
  ['a line without end', 'SSH', 'x'.repeat(4_000)],
  ['another protocol', 'HTTP/1.1 200 OK\r\n\r\n', ''],
  ['an old version', 'SSH-1.5-x\r\n', ''],
  ['a version, then noise', 'SSH-2.0-x\r\n', '\x7f\xff\xff\xff'.repeat(1_000)],
  ['a version, then a packet of 2 GiB', 'SSH-2.0-x\r\n\x7f\xff\xff\xff\x04', '\0'.repeat(4_000)],
];

for (const [what, first, again] of noSsh) {
  test(`${what} instead of ssh ends both clients, in a bounded memory and in plain words`, async (t) => {
    const { openssh, daemon } = await start(t);
    const flood = (socket: Socket) => {
      while (socket.writable && socket.write(again, 'latin1'));
    };
    const liar = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(first, 'latin1');
      if (again === '') socket.end();
      else socket.on('drain', () => flood(socket));
      if (again !== '') flood(socket);
      t.after(() => void socket.destroy());
    });
    liar.listen(0, '127.0.0.1');
    t.after(() => void liar.close());
    await until('it listens', () => liar.listening);
    const { port } = liar.address() as { port: number };
    const before = process.memoryUsage.rss();
    const { status, stdout, stderr } = await openssh({ port });
    assert.deepEqual([status, stdout], [255, '']);
    assert.doesNotMatch(stderr, escapes);
    const error: unknown = await daemon({ port }, what).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, 'GuestUnreachable');
    assert.match(error.message, /^[ -~\ufffd…]{1,700}$/u);
    assert.ok(process.memoryUsage.rss() - before < 200 * 2 ** 20, 'the daemon kept what it was sent');
  });
}

/** What a shell in the guest does with its channel instead of running a command. */
const shellsThatLie: [what: string, answer: (channel: ssh2.ServerChannel) => void, expected: object][] = [
  ['ends without a status', (channel) => channel.close(), { code: 'GuestUnreachable' }],
  [
    'ends by a signal, in words with escapes',
    (channel) => {
      channel.exit('KILL', false, '\x1b[31m');
      channel.close();
    },
    { status: 137 },
  ],
  [
    'has a status of 32 bits',
    (channel) => {
      channel.exit(0xfffffeff);
      channel.close();
    },
    { status: 0xfffffeff },
  ],
  [
    'writes 64 MB and no status',
    (channel) => {
      channel.on('error', () => undefined);
      channel.write(Buffer.alloc(64_000_000));
      channel.end();
      channel.close();
    },
    { code: 'GuestUnreachable' },
  ],
];
for (const [what, answer, expected] of shellsThatLie) {
  test(`a shell in the guest that ${what} gives the daemon an outcome or an error`, async (t) => {
    const { server, daemon } = await start(t);
    server.behaviour.answers = answer;
    const outcome: unknown = await daemon().catch((error: unknown) => error);
    assert.ok(typeof outcome === 'object' && outcome !== null);
    const [[key, value] = []] = Object.entries(expected);
    assert.equal(Object.entries(outcome).find(([name]) => name === key)?.[1], value, JSON.stringify(outcome));
  });
}
