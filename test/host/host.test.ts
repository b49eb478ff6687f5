import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openHost, type TestHost } from './support/host.ts';

let host: TestHost;
before(async () => {
  host = await openHost();
});
after(() => host.close());

test('boots whole, with the programs that banger needs, in a network of its own', async () => {
  console.log(await host.rootSays('systemd-analyze', 'time'));
  assert.equal(await host.rootSays('systemctl', 'is-system-running'), 'running');
  assert.equal(await host.rootSays('ls', '/sys/class/net'), 'lo');
});

test('a command passes its status, its input and its output on', async () => {
  const ended = await host.asUser('alice', ['sh', '-c', 'cat; echo oops >&2; exit 7'], { input: 'in' });
  assert.deepEqual([ended.status, ended.stdout.toString(), ended.stderr], [7, 'in', 'oops\n']);
});

test('a login brings a session, a manager and a bus, and a logout takes them', async () => {
  assert.equal(await host.userManagerIsUp('alice'), false);
  await host.login('alice');
  assert.equal((await host.sessions('alice')).length, 1);
  assert.equal(await host.userManagerIsUp('alice'), true);
  await host.userSays('alice', 'busctl', '--user', 'list');
  await host.logout('alice');
  assert.equal(await host.userManagerIsUp('alice'), false);
});
