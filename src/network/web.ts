import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How long a server has to show that it speaks a protocol. */
const patienceMs = 1_500;
/** What an answer of HTTP/1 begins with. */
const answerMark = 'HTTP/';
/** Changes nothing, and has the server close the connection. */
const question = (host: string) =>
  `HEAD / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: banger\r\nConnection: close\r\n\r\n`;

/**
 * Checks whether a server speaks HTTP, over TLS or without. It may be hostile: no more than a few bytes of its answer
 * are read, and all of it takes 3 s at most. Certificates are not looked at, since nothing is entrusted to it.
 */
export async function detectWebScheme(address: string, port: number): Promise<'https' | 'http' | ''> {
  const tls = connectTls({
    host: address,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  const overTls = await speaksHttp(tls, 'secureConnect', address, () => tls.alpnProtocol === 'h2');
  if (overTls) return 'https';
  return (await speaksHttp(connect({ host: address, port }), 'connect', address)) ? 'http' : '';
}

/** @param isPlain whether it is plain already that it does, once it is connected */
function speaksHttp(
  socket: Socket,
  connected: string,
  address: string,
  isPlain = () => false,
): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const settle = (speaks: boolean) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(speaks);
    };
    const deadline = setTimeout(() => settle(false), patienceMs);
    socket.once(connected, () => (isPlain() ? settle(true) : socket.write(question(address))));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.subarray(0, answerMark.length).toString('latin1');
      if (answer.length >= answerMark.length || !answerMark.startsWith(answer))
        settle(answer.startsWith(answerMark));
    });
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}
