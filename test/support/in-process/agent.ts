import { type Duplex, duplexPair } from 'node:stream';

/** What a guest has to tell; the fields are those of docs/agent.md. */
export interface GuestAnswers {
  /** The answer to `GET /stats`; a guest without is silent. */
  usage: object | undefined;
  /** What listens in the guest. */
  ports: readonly object[];
}

/** Connects to an agent that answers at once. @param powerOff is called when the guest is asked to power off */
export function connectAgent(answers: GuestAnswers, powerOff: () => void): Duplex {
  const [host, guest] = duplexPair();
  let received = '';
  guest.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
      const head = received.slice(0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      if (received.length < end + 4 + length) return;
      received = received.slice(end + 4 + length);
      answer(guest, head, answers, powerOff);
    }
  });
  guest.on('error', () => undefined);
  return host;
}

function answer(guest: Duplex, head: string, { usage, ports }: GuestAnswers, powerOff: () => void): void {
  const path = head.split(' ')[1] ?? '';
  const id = /^x-request-id: (.*)$/im.exec(head)?.[1];
  const body = bodyFor(path, usage, ports);
  if (body === undefined) return;
  const text = JSON.stringify(body);
  guest.write(
    `HTTP/1.1 200 OK\r\nX-Request-Id: ${id}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  if (path === '/shutdown') setImmediate(powerOff);
}

function bodyFor(path: string, usage: object | undefined, ports: readonly object[]): object | undefined {
  if (path.startsWith('/healthz')) {
    return { version: '1', ready: true, ssh: true, network: true, uptime_ms: 1 };
  }
  if (path === '/stats') return usage;
  return path === '/ports' ? { ports, truncated: false } : {};
}
