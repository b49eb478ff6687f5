/** What listens in a real guest in user mode, and how it comes to the host, by whichever daemon. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { isLive, readStat } from '../../src/common/proc.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { until } from '../support/program.ts';

const home = await openGuestHome();
const vm = 'ports';

interface Told {
  protocol: string;
  port: number;
  guest_address: string;
  endpoint: string | null;
  url: string | null;
  process: string | null;
  obstacle: string | null;
  taken_by: string | null;
}

async function ports(): Promise<Told[]> {
  return JSON.parse(await home.banger('vm', 'ports', vm, '--json'));
}

async function portOf(port: number, protocol = 'tcp'): Promise<Told[]> {
  return (await ports()).filter((told) => told.port === port && told.protocol === protocol);
}

/** What a server of the host says first, or an error. */
function greeting(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 5_000 });
    socket.once('data', (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.once('error', (error) => resolve(error.message));
    socket.once('close', () => resolve('closed'));
    socket.once('timeout', () => socket.destroy());
  });
}

/** Starts servers in the guest that stay when ssh leaves. */
async function serve(unit: string, python: string): Promise<void> {
  await home.guest(vm, 'systemd-run', '--quiet', '--collect', `--unit=${unit}`, 'python3', '-c', python);
}

const withImports = (text: string) =>
  `import socket, ssl, subprocess, threading, time, http.server as h\n${text}`;
const webServers = withImports(`
subprocess.run('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout /run/k -out /run/c', shell=True, check=True)
plain = h.ThreadingHTTPServer(('0.0.0.0', 8080), h.BaseHTTPRequestHandler)
secure = h.ThreadingHTTPServer(('0.0.0.0', 8443), h.BaseHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain('/run/c', '/run/k')
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in plain, secure: threading.Thread(target=server.serve_forever).start()`);
const otherServers = withImports(`
def tcp(family, address, port, greeting=b''):
    s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, port)); s.listen()
    def run():
        while True:
            c = s.accept()[0]
            if greeting: c.sendall(greeting); c.close()
            else: time.sleep(600)
    threading.Thread(target=run).start()
tcp(socket.AF_INET, '0.0.0.0', 7000, b'hello from the guest\\n')
tcp(socket.AF_INET, '0.0.0.0', 7001)
tcp(socket.AF_INET, '0.0.0.0', 7002, b'dual\\n'); tcp(socket.AF_INET6, '::', 7002, b'dual\\n')
tcp(socket.AF_INET, '127.0.0.1', 7003, b'own\\n')
tcp(socket.AF_INET, '0.0.0.0', 7004, b'shadowed\\n')
tcp(socket.AF_INET, '0.0.0.0', 700, b'low\\n')
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('0.0.0.0', 7005))
while True:
    d, a = u.recvfrom(2000); u.sendto(b'echo ' + d, a)`);

const shadow = createServer((socket) => socket.end('the host has this\n'));
after(() => shadow.close());

test('listening ports are forwarded, reported and withdrawn, and a port of the host is not taken over', async () => {
  await new Promise<void>((resolve) => shadow.listen(7004, '0.0.0.0', resolve));
  await home.create(vm, '--memory', '512M');
  const { address } = await home.show(vm);
  await serve('web-servers', webServers);
  await serve('other-servers', otherServers);
  await until(
    'all listen',
    async () => (await portOf(7005, 'udp')).length + (await portOf(8443)).length === 2,
    60_000,
  );

  const told = await ports();
  const endpoints = told
    .filter(({ port }) => port !== 22)
    .map(({ protocol, port, endpoint, url }) => [protocol, port, url ?? endpoint]);
  assert.deepEqual(
    endpoints.filter(([, port]) => Number(port) >= 700),
    [
      ['tcp', 700, null],
      ['tcp', 7000, `${address}:7000`],
      ['tcp', 7001, `${address}:7001`],
      ['tcp', 7002, `${address}:7002`],
      ['tcp', 7003, null],
      ['tcp', 7004, null],
      ['udp', 7005, `${address}:7005`],
      ['tcp', 8080, `http://${address}:8080/`],
      ['tcp', 8443, `https://${address}:8443/`],
    ],
  );
  const why = (port: number) => told.find((each) => each.port === port)?.obstacle;
  assert.deepEqual([why(700), why(7003), why(7004)], ['privileged', 'guest-only', 'taken']);
  assert.equal(told.find(({ port }) => port === 7004)?.taken_by, `node (pid ${process.pid})`);
  assert.equal(told.find(({ port }) => port === 7000)?.process, 'python3');
  assert.equal(await greeting(address, 7000), 'hello from the guest\n');
  assert.equal(await greeting(address, 7002), 'dual\n');
  assert.equal(await greeting(address, 7004), 'the host has this\n');
  assert.match(
    await home.banger('vm', 'ports', vm),
    /^tcp +http:\/\/127\.66\.\d+\.\d+:8080\/ +python3 +\S*python3 -c/m,
  );
});

test('UDP goes there and back, each client for itself', async () => {
  const { address } = await home.show(vm);
  const ask = (text: string) =>
    new Promise<string>((resolve) => {
      const socket = createSocket('udp4');
      const done = (answer: string) => {
        clearTimeout(late);
        socket.close();
        resolve(answer);
      };
      const late = setTimeout(() => done('no answer'), 5_000);
      socket.once('message', (message) => done(message.toString()));
      socket.send(text, 7005, address);
    });
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(ask)), ['echo a', 'echo b', 'echo c']);
});

test('ports come and go by themselves, also with a daemon that did not make them', async () => {
  const { address } = await home.show(vm);
  await home.guest(vm, 'systemctl', 'stop', 'web-servers');
  await until(
    'the port is withdrawn',
    async () => /ECONNREFUSED/.test(await greeting(address, 8080)),
    30_000,
  );
  const { pid } = await home.daemon();
  process.kill(pid, 'SIGKILL');
  // A call that it got meanwhile is answered by its end.
  await until('the daemon has ended', () => !isLive(readStat(pid)));
  assert.equal(await greeting(address, 7000), 'hello from the guest\n', 'it went with the daemon');
  await home.list();
  await home.guest(vm, 'systemctl', 'stop', 'other-servers');
  await until(
    'the port is withdrawn',
    async () => /ECONNREFUSED/.test(await greeting(address, 7000)),
    30_000,
  );
  shadow.close();
  await serve('other-servers', otherServers);
  // Nobody asks for it.
  await until('the port is forwarded', async () => (await greeting(address, 7004)) === 'shadowed\n', 60_000);
  await home.banger('vm', 'stop', vm);
  assert.match(await greeting(address, 7004), /ECONNREFUSED/);
  const { status, stderr } = await home.run(['vm', 'ports', vm]);
  assert.equal(status, 1);
  assert.match(stderr, /is stopped, not running/);
});

test('nothing is left', async () => {
  await home.close();
});
