import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bus } from '../../src/bus/connection.ts';
import { startBus } from './bus-daemon.ts';

const nowhere = { path: '/x', interface: 'a.b', member: 'C' };

test('calls pending when the bus dies fail at once, and so do later ones', async () => {
  await using testBus = await startBus();
  const bus = await Bus.connect(testBus.address, 5_000);
  // Nothing answers calls to ourselves here.
  const pending = bus.call({ ...nowhere, destination: bus.uniqueName });
  await bus.roundTrip();
  const begin = Date.now();
  await Promise.all([assert.rejects(pending, { code: 'DaemonUnreachable' }), testBus.kill()]);
  await bus.closed;
  assert.ok(Date.now() - begin < 2_000);
  await assert.rejects(bus.roundTrip(), { code: 'DaemonUnreachable' });
});

test('a bus that listens where another one did is not taken for it', async () => {
  await using testBus = await startBus();
  assert.match(testBus.ownAddress, /,guid=[0-9a-f]{32}$/);
  (await Bus.connect(testBus.ownAddress, 5_000)).close();
  const other = testBus.ownAddress.replace(/.{4}$/, (digits) => (digits === '0000' ? '1111' : '0000'));
  await assert.rejects(Bus.connect(other, 5_000), {
    code: 'DaemonUnreachable',
    message: /: another bus has taken its place;/,
  });
});

test('close fails what is pending, after sending what was sent', async () => {
  await using testBus = await startBus();
  const [sender, listener] = await Promise.all([
    Bus.connect(testBus.address, 5_000),
    Bus.connect(testBus.address, 5_000),
  ]);
  const heard = Promise.withResolvers<unknown>();
  await listener.onSignal({ member: 'Farewell' }, ({ body }) => heard.resolve(body));
  const pending = sender.call({ ...nowhere, destination: sender.uniqueName });
  sender.send({ type: 4, path: '/x', interface: 'a.b', member: 'Farewell', signature: 's' }, ['bye']);
  sender.close();
  await assert.rejects(pending, { code: 'DaemonUnreachable' });
  await sender.closed;
  assert.deepEqual(await heard.promise, ['bye']);
  listener.close();
});

test('names are taken by one, given back, and watched', async () => {
  await using testBus = await startBus();
  const [first, second] = await Promise.all([
    Bus.connect(testBus.address, 5_000),
    Bus.connect(testBus.address, 5_000),
  ]);
  assert.equal(await first.requestName('org.banger.Manager1'), true);
  assert.equal(await second.requestName('org.banger.Manager1'), false);
  const released = Promise.withResolvers<void>();
  await second.watchName('org.banger.Manager1', released.resolve);
  await first.releaseName('org.banger.Manager1');
  await released.promise;
  assert.equal(await second.requestName('org.banger.Manager1'), true);
  const gone = Promise.withResolvers<void>();
  await second.watchName(first.uniqueName, gone.resolve);
  first.close();
  await gone.promise;
  const atOnce = Promise.withResolvers<void>();
  await second.watchName(first.uniqueName, atOnce.resolve);
  await atOnce.promise;
  second.close();
});

test('a destination that does not exist is DaemonUnreachable', async () => {
  await using testBus = await startBus();
  const bus = await Bus.connect(testBus.address, 5_000);
  await assert.rejects(bus.call({ ...nowhere, destination: 'org.banger.Manager1', noAutoStart: true }), {
    code: 'DaemonUnreachable',
  });
  bus.close();
});

test('what is no bus is refused within the deadline', async () => {
  await using testBus = await startBus();
  const silent = createServer();
  const socket = join(testBus.directory, 'silent');
  await new Promise<void>((resolve) => silent.listen(socket, resolve));
  const begin = Date.now();
  await assert.rejects(Bus.connect(`unix:path=${socket}`, 300), { code: 'DaemonUnreachable' });
  assert.ok(Date.now() - begin < 2_000);
  silent.on('connection', (connection) => connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await assert.rejects(Bus.connect(`unix:path=${socket}`, 5_000), { code: 'DaemonUnreachable' });
  silent.close();
  await assert.rejects(Bus.connect(`unix:path=${testBus.directory}/absent`, 300), {
    code: 'DaemonUnreachable',
  });
  await assert.rejects(Bus.connect('tcp:host=127.0.0.1,port=1', 300), { code: 'DaemonUnreachable' });
  // Of several addresses the first that answers is taken.
  const bus = await Bus.connect(`unix:path=${testBus.directory}/absent;${testBus.ownAddress}`, 5_000);
  bus.close();
});
