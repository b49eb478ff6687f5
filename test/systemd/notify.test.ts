import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { temporaryDirectory } from '../support/temporary.ts';

const source = JSON.stringify(join(import.meta.dirname, '../../src/systemd/notify.ts'));
/** Node has no datagrams on unix sockets: this prints those that come, one a line. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True:
    print(s.recv(4096).decode().strip(), flush=True)
`;

test('systemd gets every notification, and child processes cannot send any', async (t) => {
  const path = join(temporaryDirectory(t), 'notify');
  const manager = spawn('python3', ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    manager.kill();
    await once(manager, 'close');
  });
  const heard: string[] = [];
  const lines = createInterface(manager.stdout);
  lines.on('line', (line) => heard.push(line));
  await once(lines, 'line');
  const program = `
    const { findServiceManager } = await import(${source});
    const service = await findServiceManager(console.error);
    const left = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'].filter((name) => name in process.env);
    service.status('2 VMs,\\n1 job ' + left.join());
    service.ready();
    service.reloading();
    setTimeout(() => {
      service.stopping();
      service.extend(1500);
      service.status('last');
    }, 700);`;
  const env = { ...process.env, NOTIFY_SOCKET: path, WATCHDOG_USEC: '600000' };
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', program], { env, stdio: 'inherit' });
  const [status] = await once(daemon, 'exit');
  assert.equal(status, 0);
  while (heard.at(-1) !== 'STATUS=last') await once(lines, 'line');
  const [, ...told] = heard;
  assert.deepEqual(
    told.filter((line) => line !== 'WATCHDOG=1'),
    [
      'STATUS=2 VMs, 1 job',
      'READY=1',
      'RELOADING=1',
      'STOPPING=1',
      'EXTEND_TIMEOUT_USEC=1500000',
      'STATUS=last',
    ],
  );
  // Every 200 ms, on a machine that may be busy.
  const pings = told.filter((line) => line === 'WATCHDOG=1').length;
  assert.ok(pings >= 1 && pings <= 4, `${pings} times`);
});

/** What a program prints that looks for the service manager, with a socket that nobody listens at or none. */
async function look(before: string, env: NodeJS.ProcessEnv): Promise<string> {
  const program = `
    import { readFileSync } from 'node:fs';
    ${before}
    const { findServiceManager } = await import(${source});
    const service = await findServiceManager(console.log);
    for (const tell of ['ready', 'reloading', 'stopping']) service[tell]();
    service.status('x');
    console.log(service.isThere, readFileSync('/proc/self/maps', 'latin1').includes('/notify.node'));`;
  const args = ['--input-type=module', '-e', program];
  const daemon = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  daemon.stdout.on('data', (text) => {
    said += text;
  });
  await once(daemon, 'close');
  return said;
}

test('without a service manager nothing is loaded and nothing fails', async () => {
  const { NOTIFY_SOCKET: _, ...env } = process.env;
  assert.equal(await look('', env), 'false false\n');
  assert.equal(await look('', { ...env, NOTIFY_SOCKET: '/nobody/listens' }), 'true true\n');
});

test('without its native part the daemon says what it lacks, and goes on', async () => {
  const hooks = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === 'sd-notify') throw new Error('no such part');
        return next(specifier, context);
      },
    });`;
  const said = await look(hooks, { ...process.env, NOTIFY_SOCKET: '/nobody/listens' });
  assert.match(
    said,
    /^systemd does not learn .* sd-notify was not built \(no such part\); run `make build` .*\nfalse false\n$/,
  );
});
