import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Qmp } from '../../../src/vmm/qemu/qmp.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

const greeting = `${JSON.stringify({ QMP: { version: {}, capabilities: [] } })}\r\n`;
const done = `${JSON.stringify({ return: {} })}\r\n`;

/** A monitor that does as the test says, for one client after the other. */
async function monitor(serve: (client: Socket) => void): Promise<AsyncDisposable & { path: string }> {
  const path = join(directory, `qmp${count++}.sock`);
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => undefined);
    serve(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Greets and answers each command by what the test gives for it. */
function answering(answers: Record<string, string>): (client: Socket) => void {
  return (client) => {
    client.write(greeting);
    client.setEncoding('utf8');
    client.on('data', (text: string) => {
      for (const line of text.trim().split('\n')) {
        const { execute } = JSON.parse(line) as { execute: string };
        client.write(execute === 'qmp_capabilities' ? done : (answers[execute] ?? ''));
      }
    });
  };
}

async function connect(path: string, deadlineMs = 2_000): Promise<Qmp> {
  const qmp = await Qmp.connect(path, deadlineMs);
  assert.ok(qmp);
  return qmp;
}

test('a command is answered, with events in between and answers in pieces', async () => {
  await using server = await monitor((client) => {
    answering({})(client);
    client.on('data', (text) => {
      if (!String(text).includes('query-status')) return;
      client.write('{"event":"RESUME"}\r\n\r\n{"return":{"status":"run');
      setTimeout(() => client.write('ning"}}\r\n'), 20);
    });
  });
  using qmp = await connect(server.path);
  assert.deepEqual(await qmp.execute('query-status'), { status: 'running' });
});

test('a refusal is reported in QEMU’s words', async () => {
  const error = `${JSON.stringify({ error: { class: 'GenericError', desc: 'not now' } })}\n`;
  await using server = await monitor(answering({ stop: error }));
  using qmp = await connect(server.path);
  await assert.rejects(qmp.execute('stop'), { code: 'CommandFailed', message: /refused stop: not now/ });
});

test('a socket that is absent or that nobody listens on is no monitor', async () => {
  assert.equal(await Qmp.connect(join(directory, 'absent.sock'), 100), undefined);
});

const hostile: Record<string, string> = {
  garbage: 'hello\n',
  'an array': '[]\n',
  'something else': '{"return":{}}\n',
  'binary data': '\xff\xfe\0\0\n',
  nothing: '',
};
for (const [what, text] of Object.entries(hostile)) {
  test(`${what} for a greeting is an error`, async () => {
    await using server = await monitor((client) => client.end(text));
    await assert.rejects(Qmp.connect(server.path, 2_000), { code: 'HostNotReady' });
  });
}

test('a silent monitor is given up at the deadline', async () => {
  await using server = await monitor(answering({}));
  using qmp = await connect(server.path, 100);
  await assert.rejects(qmp.execute('query-status'), { code: 'Timeout' });
});

test('a monitor that sends without end is cut off', async () => {
  await using server = await monitor((client) => {
    client.write(greeting);
    const flood = () => {
      while (client.writable && client.write('x'.repeat(65536)));
    };
    client.on('drain', flood);
    flood();
  });
  await assert.rejects(Qmp.connect(server.path, 5_000), { code: 'HostNotReady', message: /no end/ });
});

test('answers that were not requested are an error', async () => {
  await using server = await monitor((client) => client.write(greeting + done.repeat(1000)));
  using qmp = await Qmp.connect(server.path, 2_000).catch(() => undefined);
  if (qmp) await assert.rejects(qmp.execute('stop'), { code: 'HostNotReady' });
});

test('cancelling ends the wait', async () => {
  await using server = await monitor(() => undefined);
  const abort = new AbortController();
  const waiting = Qmp.connect(server.path, 5_000, abort.signal);
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(waiting, { code: 'Cancelled' });
});

test('a monitor that sends events without end is cut off', async () => {
  await using server = await monitor((client) => {
    answering({})(client);
    const event = `${JSON.stringify({ event: 'STOP', data: {} })}\r\n`.repeat(2_000);
    const flood = () => {
      if (!client.destroyed) client.write(event, () => setImmediate(flood));
    };
    flood();
  });
  using qmp = await connect(server.path, 30_000);
  await assert.rejects(qmp.execute('query-status'), {
    message: /^QEMU's monitor is gone: it sends without end; /,
  });
});
