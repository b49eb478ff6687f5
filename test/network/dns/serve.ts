/** A name server in a process of its own, for tests of load: prints its port, then its memory for each line it is sent. */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DnsServer } from '../../../src/network/dns/server.ts';
import { fewNames } from './support.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const log = { info: console.error, warn: console.error, error: console.error };
const server = await DnsServer.listen(fewNames, log, 0);
console.log(server.port);
for await (const _line of createInterface({ input: process.stdin })) {
  // Buffers are given back some turns after nobody has them.
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  console.log(heapUsed + external);
}
await server.close();
