import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decodeResponse, encodeQuery } from './support.ts';

/** What is asked in turn, and what the answer must be. */
const asked = [
  { name: 'web.vm', type: 1, expected: '0 web.vm 0 A 127.66.1.1' },
  { name: 'dB-1.ALICE.vm', type: 1, expected: '0 dB-1.ALICE.vm 0 A 127.66.1.2' },
  { name: 'web.vm', type: 28, expected: '0 ' },
  { name: 'no-such.vm', type: 1, expected: '3 ' },
  { name: 'example.com', type: 1, expected: '5 ' },
] as const;

const sockets = 8;
/** Of one socket at a time: what the system's buffer holds for all of them. */
const outstanding = 24;
const askAgainMs = 1_000;
const maxTries = 10;

/** What came of many queries. */
export interface Load {
  right: number;
  /** What was answered otherwise, with the number of times. */
  wrong: Map<string, number>;
  /** Queries that were sent again because no answer came. */
  again: number;
  seconds: number;
}

/** Asks a server so many times, several at once from several sockets, each until it is answered. */
export async function load(port: number, queries: number): Promise<Load> {
  const result: Load = { right: 0, wrong: new Map(), again: 0, seconds: 0 };
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: sockets }, async () => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const waiting = new Map<number, (answer: Buffer) => void>();
      socket.on('message', (answer) => waiting.get(answer.readUInt16BE(0))?.(answer));
      await Promise.all(
        Array.from({ length: outstanding }, async (_, lane) => {
          while (next < queries) {
            const number = next++;
            const { name, type, expected } = asked[number % asked.length] ?? asked[0];
            // Ids do not meet: those of a socket differ by its lanes.
            const id = ((number * outstanding) % 60_000) + lane;
            const answer = await ask(socket, port, encodeQuery({ name, type, id }), waiting, result);
            const { rcode, answers } = decodeResponse(answer);
            const told = `${rcode} ${answers.join()}`;
            if (told === expected) result.right++;
            else result.wrong.set(told, (result.wrong.get(told) ?? 0) + 1);
          }
        }),
      );
      socket.close();
    }),
  );
  result.seconds = (performance.now() - begin) / 1000;
  return result;
}

async function ask(
  socket: Socket,
  port: number,
  query: Buffer,
  waiting: Map<number, (answer: Buffer) => void>,
  result: Load,
): Promise<Buffer> {
  const id = query.readUInt16BE(0);
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const answer = await new Promise<Buffer | undefined>((resolve) => {
      const late = setTimeout(() => resolve(undefined), askAgainMs);
      waiting.set(id, (received) => {
        clearTimeout(late);
        resolve(received);
      });
      socket.send(query, port, '127.0.0.1');
    });
    waiting.delete(id);
    if (answer) return answer;
    result.again++;
  }
  throw new Error(`no answer to ${maxTries} queries`);
}
