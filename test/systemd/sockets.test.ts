import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeSockets } from '../../src/systemd/sockets.ts';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { pid } = process;

test('descriptors are known by their names, and the environment is cleared', () => {
  const env = { LISTEN_PID: `${pid}`, LISTEN_FDS: '3', LISTEN_FDNAMES: 'dns:http:dns', OTHER: 'x' };
  assert.deepEqual(
    [...takeSockets(env)],
    [
      ['dns', 3],
      ['http', 4],
    ],
  );
  assert.deepEqual(env, { OTHER: 'x' });
});

test('what is meant for another process, or is no number, is nothing', () => {
  for (const env of [{}, { LISTEN_PID: '1', LISTEN_FDS: '1' }, { LISTEN_PID: `${pid}`, LISTEN_FDS: 'x' }]) {
    assert.equal(takeSockets({ ...env }).size, 0);
  }
  assert.deepEqual([...takeSockets({ LISTEN_PID: `${pid}`, LISTEN_FDS: '1' })], [['unknown', 3]]);
});

test('a socket that systemd opened is served', async (t) => {
  const path = join(temporaryDirectory(t), 's');
  const source = (file: string) => JSON.stringify(join(import.meta.dirname, '../../src', file));
  const program = `
    const { createServer } = await import('node:http');
    const { takeSockets } = await import(${source('systemd/sockets.ts')});
    const { listen } = await import(${source('http/listen.ts')});
    const server = createServer((_, response) => response.end(JSON.stringify(process.env.LISTEN_FDS ?? null)));
    (await listen(server, { fd: takeSockets().get('http') })).publish();`;
  const args = ['--fdname=http', `--listen=${path}`, process.execPath, '--input-type=module', '-e', program];
  const child = spawn('systemd-socket-activate', args, { stdio: ['ignore', 'inherit', 'pipe'] });
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  await until('it listens', () => said.includes('Listening on'));
  const asked = request({ socketPath: path, path: '/' }).end();
  const [response] = await once(asked, 'response');
  assert.equal(await new Response(response).text(), 'null');
});
