import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestHost } from './support/host.ts';
import { prepareImages } from './support/images.ts';
import { openServiceHost, override, property, untilUnit } from './support/service.ts';

const unit = 'bangerd.service';
const bootMs = 240_000;
let host: TestHost;
before(async () => {
  host = await openServiceHost();
  await override(host, 'alice', 'WatchdogSec=2s\nTimeoutAbortSec=1s');
  await prepareImages(host, 'alice');
});
after(() => host.close());

const systemctl = (...args: string[]) => host.userSays('alice', 'systemctl', '--user', ...args);

test('a VM and a session in it go on through restart, reload, kill, watchdog and daemon-reexec', async () => {
  const created = await host.asUser('alice', ['banger', 'vm', 'create', '--name', 'web'], {
    timeoutMs: bootMs,
  });
  assert.equal(created.status, 0, created.stderr);
  assert.equal(await property(host, 'alice', 'StatusText'), '1 VM');
  const vm = JSON.parse(await host.userSays('alice', 'banger', 'vm', 'show', 'web', '--json'));
  const vmm = await systemctl('show', '--value', '--property=MainPID', vm.unit);
  assert.notEqual(vmm, '0');
  const session = host.startAsUser('alice', ['banger', 'vm', 'exec', 'web', '--', 'cat'], {
    timeoutMs: bootMs,
  });
  session.child.stdin?.write('begin\n');
  await session.says('begin');

  const blows: Readonly<Record<string, (pid: string) => Promise<unknown>>> = {
    restart: () => systemctl('restart', unit),
    kill: (pid) => host.rootSays('kill', '-KILL', pid),
    watchdog: (pid) => host.rootSays('kill', '-STOP', pid),
  };
  for (const [name, strike] of Object.entries(blows)) {
    const pid = await property(host, 'alice', 'MainPID');
    await strike(pid);
    await untilUnit(host, 'alice', 'MainPID', (now) => now !== pid && now !== '0');
    await untilUnit(host, 'alice', 'StatusText', (text) => text === '1 VM');
    session.child.stdin?.write(`${name}\n`);
    await session.says(name);
  }
  const pid = await property(host, 'alice', 'MainPID');
  await systemctl('reload', unit);
  await systemctl('daemon-reexec');
  await untilUnit(host, 'alice', 'ActiveState', (state) => state === 'active');
  assert.equal(await property(host, 'alice', 'MainPID'), pid);
  session.child.stdin?.end('end\n');
  const { status, stdout } = await session.ended;
  assert.deepEqual([status, stdout.toString()], [0, 'begin\nrestart\nkill\nwatchdog\nend\n']);
  assert.equal(await systemctl('show', '--value', '--property=MainPID', vm.unit), vmm);
  const shown = JSON.parse(await host.userSays('alice', 'banger', 'vm', 'show', 'web', '--json'));
  assert.equal(shown.state, 'running');
  await host.userSays('alice', 'banger', 'vm', 'delete', '--force', 'web');
});
