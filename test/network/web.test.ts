/** Asking servers whether they are web servers, hostile ones among them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { detectWebScheme } from '../../src/network/web.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    sockets.add(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('what speaks HTTP is a web server, over TLS or without, and nothing else is', async (t) => {
  const directory = temporaryDirectory(t);
  const [keyFile, certFile] = [join(directory, 'key'), join(directory, 'cert')];
  const subject = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=x',
  ];
  execFileSync('openssl', ['req', ...subject, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  const identity = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const endless = (socket: Socket) => {
    const more = () => {
      while (socket.writable && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
  };
  const cases: [string, Server, 'https' | 'http' | ''][] = [
    ['http', createHttpServer((_, response) => response.writeHead(404).end()), 'http'],
    ['https', createHttpsServer(identity, (_, response) => response.end()), 'https'],
    ['http/2 alone', createSecureServer(identity), 'https'],
    ['TLS without HTTP', createTlsServer(identity, (socket) => socket.end('220 mail\r\n')), ''],
    ['silence', createServer(), ''],
    ['TLS and silence', createTlsServer(identity), ''],
    ['garbage', createServer((socket) => socket.end(Buffer.from([0, 255, 10, 13, 22, 3, 1]))), ''],
    ['a close', createServer((socket) => socket.destroy()), ''],
    ['no end', createServer(endless), ''],
    [
      'bytes one by one',
      createServer((socket) => void setInterval(() => socket.write('H'), 100).unref()),
      '',
    ],
    ['ssh', createServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')), ''],
  ];
  await Promise.all(
    cases.map(async ([what, server, scheme]) => {
      const port = await listen(t, server);
      const began = performance.now();
      assert.equal(await detectWebScheme('127.0.0.1', port), scheme, what);
      assert.ok(performance.now() - began < 4_500, `${what} took too long`);
    }),
  );
  assert.equal(await detectWebScheme('127.0.0.1', 1), '', 'nobody listens');
});
