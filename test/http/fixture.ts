import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LastSamples } from '../../src/http/metrics.ts';
import { HttpServer } from '../../src/http/server.ts';
import { Jobs } from '../../src/job/jobs.ts';
import { openStore } from '../../src/store/database.ts';
import { StaleVms } from '../../src/upkeep/stale-vms.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server on a socket of its own, with a registry and jobs behind it in which the test does what it likes. */
export async function startServer(t: TestContext, samples?: LastSamples) {
  const directory = temporaryDirectory(t);
  const store = openStore(join(directory, 'banger.db'));
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  const jobs = new Jobs(() => undefined);
  const logged: string[] = [];
  const write = (_fields: object, message: string) => logged.push(message);
  const log = { info: write, warn: write, error: write };
  const stale = new StaleVms({ log, nameOf: String, isWorkedOn: () => false, stop: () => undefined });
  const none = { latest: () => undefined, latestOfGuest: () => undefined };
  const server = new HttpServer({
    log,
    logPlace: 'the log',
    vms,
    jobs,
    samples: samples ?? none,
    stale,
  });
  const path = join(directory, 's');
  await server.listen({ path });
  server.publish();
  t.after(async () => {
    await server.close(0);
    store.close();
  });

  const ask = (target: string, method = 'GET', body?: string) =>
    new Promise<Answer>((resolve, reject) => {
      const asking = request(
        { socketPath: path, path: target, method, timeout: 10_000 },
        async (response) => {
          const chunks = await response.toArray();
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        },
      );
      asking.on('timeout', () => asking.destroy(new Error(`no answer to ${target}`)));
      asking.on('error', reject);
      asking.end(body);
    });

  /** Reads a stream for as long as the test lasts. */
  const stream = async (target: string) => {
    const asking = request({ socketPath: path, path: target });
    asking.end();
    const [response] = await once(asking, 'response');
    const read = { text: '', hasEnded: false, close: () => asking.destroy() };
    t.after(() => asking.destroy());
    response.on('data', (chunk: Buffer) => {
      read.text += chunk.toString('latin1');
    });
    response.on('close', () => {
      read.hasEnded = true;
    });
    response.on('error', () => undefined);
    asking.on('error', () => undefined);
    return read;
  };

  /** Sends bytes as they are, and gives all that comes back until the connection ends. */
  const talk = async (bytes: string | Buffer): Promise<string> => {
    const socket = connect(path);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.write(bytes);
    await once(socket, 'close');
    return text;
  };

  return { directory, path, server, vms, jobs, stale, logged, ask, stream, talk };
}
