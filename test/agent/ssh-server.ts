import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { makeKeyPair } from '../../src/ssh/key-pair.ts';
import { hostKeyAlias, knownHostsLine } from '../../src/ssh/known-hosts.ts';
import type { SshConnection } from '../../src/ssh/options.ts';

/** What an sshd does that is not well. */
export interface Misbehaviour {
  /** Never answers a command. */
  hangs?: boolean;
  refusesKeys?: boolean;
  /** Agrees upon new keys again and again, from the first command on. */
  rekeysOnCommand?: boolean;
  /** What it does to a client that it let in. */
  afterLogin?: (client: ssh2.Connection) => void;
  /** Answers a command itself, instead of running it. */
  answers?: (channel: ssh2.ServerChannel) => void;
}

/** An sshd on the loopback which runs commands here, each in a session of its own, as the real one does. */
export class SshServer {
  connections = 0;
  /** What clients asked for beside running a command: a name for each request. */
  readonly asked: string[] = [];
  behaviour: Misbehaviour = {};
  readonly #server: ssh2.Server;
  readonly #open = new Set<ssh2.Connection>();
  readonly #children = new Set<ChildProcess>();
  readonly #directory: string;
  readonly #hostKey: string;

  private constructor(
    directory: string,
    hostKey: { privateKey: string; publicKey: string },
    banner: string | undefined,
  ) {
    this.#directory = directory;
    this.#hostKey = hostKey.publicKey;
    const config = {
      hostKeys: [hostKey.privateKey],
      ...(banner !== undefined && { banner, greeting: banner }),
    };
    this.#server = new ssh2.Server(config, (client) => this.#serve(client));
  }

  /** @param banner what it says to everybody, before and after they have shown who they are */
  static async start(directory: string, banner?: string): Promise<SshServer> {
    const server = new SshServer(directory, await makeKeyPair('host'), banner);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** How to reach it. @param identityFile a private key; a new one where absent */
  async connection(identityFile?: string): Promise<SshConnection> {
    const knownHostsFile = join(this.#directory, 'known_hosts');
    writeFileSync(
      knownHostsFile,
      `${knownHostsLine('other', 'ssh-ed25519 AAAA')}${knownHostsLine('vm', this.#hostKey)}`,
    );
    const own = join(this.#directory, 'key');
    if (identityFile === undefined)
      writeFileSync(own, (await makeKeyPair('user')).privateKey, { mode: 0o600 });
    return {
      host: '127.0.0.1',
      port: (this.#server.address() as AddressInfo).port,
      user: 'root',
      identityFile: identityFile ?? own,
      knownHostsFile,
      hostKeyAlias: hostKeyAlias('vm'),
    };
  }

  /** Breaks all connections, as when a guest dies. */
  breakAll(): void {
    for (const client of this.#open) client.end();
  }

  /** How many connections are open. */
  get open(): number {
    return this.#open.size;
  }

  close(): void {
    this.breakAll();
    this.#server.close();
    for (const { pid } of this.#children) {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
  }

  #serve(client: ssh2.Connection): void {
    this.connections++;
    this.#open.add(client);
    client.on('error', () => undefined).on('close', () => this.#open.delete(client));
    client.on('authentication', (context) => {
      if (context.method !== 'publickey' || this.behaviour.refusesKeys) context.reject(['publickey']);
      else context.accept();
    });
    client.on('ready', () => this.behaviour.afterLogin?.(client));
    client.on('request', (_accept, reject, name) => this.#refuse(name, reject));
    client.on('tcpip', (_accept, reject) => this.#refuse('direct-tcpip', reject));
    client.on('session', (accept) => {
      const session = accept();
      session.on('env', (_accept, reject, { key }) => this.#refuse(`env ${key}`, reject));
      session.on('auth-agent', (_accept, reject) => this.#refuse('auth-agent', reject));
      session.on('x11', (_accept, reject) => this.#refuse('x11', reject));
      session.on('pty', (_accept, reject) => this.#refuse('pty', reject));
      session.on('exec', (acceptExec, _reject, { command }) => {
        if (this.behaviour.rekeysOnCommand) rekeyForEver(client);
        if (this.behaviour.hangs) return;
        if (this.behaviour.answers) this.behaviour.answers(acceptExec());
        else this.#run(client, command, acceptExec());
      });
    });
  }

  #refuse(what: string, reject: (() => void) | undefined): void {
    this.asked.push(what);
    reject?.();
  }

  #run(client: ssh2.Connection, command: string, channel: ssh2.ServerChannel): void {
    const child = spawn('sh', ['-c', command], { detached: true });
    this.#children.add(child);
    channel.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    const stderrSent = relayStderr(child.stderr, channel, () => this.#open.has(client));
    child.on('close', async (code, signal) => {
      await stderrSent;
      // It would be lost with the end of the channel.
      while (this.#open.has(client) && channel.writable && channel.writableLength > 0) await sleep(5);
      this.#children.delete(child);
      if (code === null) channel.exit((signal ?? '').replace('SIG', ''), false, '');
      else channel.exit(code);
      channel.close();
    });
  }
}

/** ssh2's server sends parts of stderr twice where it has to wait for a client that reads slowly. */
async function relayStderr(
  stderr: Readable,
  channel: ssh2.ServerChannel,
  isOpen: () => boolean,
): Promise<void> {
  const { outgoing } = channel as unknown as { outgoing: { window: number } };
  for await (const chunk of stderr as AsyncIterable<Buffer>) {
    while (isOpen() && channel.writable && outgoing.window < chunk.length) await sleep(5);
    if (isOpen() && channel.writable) channel.stderr.write(chunk);
  }
}

function rekeyForEver(client: ssh2.Connection): void {
  client.on('rekey', () => client.rekey());
  client.rekey();
}
