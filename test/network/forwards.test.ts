import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { addForward, listForwards, removeForward } from '../../src/network/forwards.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));
const forward = { protocol: 'tcp', hostAddress: '127.66.251.1', hostPort: 2222, guestPort: 22 } as const;
let count = 0;

/** Serves one answer to all who ask and gives what was asked. */
async function serving<T>(
  answer: string,
  ask: (path: string) => Promise<T>,
): Promise<{ asked: string; got: T }> {
  const path = join(directory, `api${count++}.sock`);
  let asked = '';
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.on('data', (text) => {
      asked += text;
      client.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return { got: await ask(path), asked };
  } finally {
    server.close();
  }
}

test('a forward is asked for as slirp4netns has it', async () => {
  const { asked, got } = await serving('{"return":{"id":42}}', (path) => addForward(path, forward));
  assert.equal(got, 42);
  assert.deepEqual(JSON.parse(asked), {
    execute: 'add_hostfwd',
    arguments: {
      proto: 'tcp',
      host_addr: '127.66.251.1',
      host_port: 2222,
      guest_addr: '10.0.2.100',
      guest_port: 22,
    },
  });
});

test('forwards are listed, bare or inside of `return`', async () => {
  const entry = {
    id: 1,
    proto: 'tcp',
    host_addr: '127.66.251.1',
    host_port: 2222,
    guest_addr: 'x',
    guest_port: 22,
  };
  for (const answer of [{ entries: [entry] }, { return: { entries: [entry] } }]) {
    const { got } = await serving(JSON.stringify(answer), listForwards);
    assert.deepEqual(got, new Map([[1, forward]]));
  }
});

test('a port that is taken and a number that is unknown are errors', async () => {
  const refusal = '{"error":{"desc":"bad request: add_hostfwd: slirp_add_hostfwd failed"}}';
  await assert.rejects(
    serving(refusal, (path) => addForward(path, forward)),
    { code: 'InUse', message: /127\.66\.251\.1:2222/ },
  );
  await assert.rejects(
    serving(refusal, (path) => removeForward(path, 1)),
    { code: 'CommandFailed' },
  );
});

test('what is no answer is an error', async () => {
  for (const answer of ['', 'x', 'null', '{}', '{"return":{"id":"1"}}', `"${'x'.repeat(2_000_000)}"`]) {
    await assert.rejects(
      serving(answer, (path) => addForward(path, forward)),
      { code: 'Internal' },
    );
  }
  for (const answer of ['{"entries":[null]}', '{"entries":[{"id":1,"proto":"sctp"}]}', '{"entries":{}}']) {
    await assert.rejects(serving(answer, listForwards), { code: 'Internal' });
  }
});

test('a network that is gone is told', async () => {
  await assert.rejects(listForwards(join(directory, 'absent')), {
    code: 'GuestUnreachable',
    message: /ENOENT/,
  });
});
