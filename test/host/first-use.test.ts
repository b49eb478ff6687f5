import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openHost, type TestHost } from './support/host.ts';

let host: TestHost;
before(async () => {
  host = await openHost();
  await host.prepareImages('alice');
  await host.installFor('alice');
  await host.login('alice');
  await host.userSays('alice', 'sh', '-euc', project);
});
after(() => host.close());

/** A repository whose test says where it ran and what it was given, and fails when told to. */
const project = `
  git init --quiet --initial-branch=main repo && cd repo
  printf 'test:\\n\\t@uname -n; cat data; exit $(STATUS)\\nSTATUS = 0\\n' >Makefile
  echo committed >data
  git add . && git commit --quiet --message first
  echo changed >data`;

test('the first call of the name after a login starts the daemon, and the next finds it', async (t) => {
  const call = async () => {
    const begun = performance.now();
    const [path, name] = ['/org/banger/Manager1', 'org.banger.Manager1'];
    const { stdout } = await host.asUser('alice', ['busctl', '--user', 'call', name, path, name, 'ListVMs']);
    assert.match(stdout.toString(), /^a\(.*\) 0\n$/);
    return Math.round(performance.now() - begun);
  };
  assert.equal((await host.units('bangerd.service', 'alice'))[0]?.sub, 'dead');
  t.diagnostic(`first call ${await call()} ms, second call ${await call()} ms`);
  const [unit] = await host.units('bangerd.service', 'alice');
  assert.equal(unit?.sub, 'running');
});

test('a command runs on a repository in a new VM, which is gone afterwards', async (t) => {
  const begun = performance.now();
  const ended = await host.asUser(
    'alice',
    ['banger', 'vm', 'run', '--rm', '--name', 'first', './repo', '--', 'make', 'test'],
    {
      timeoutMs: 240_000,
    },
  );
  t.diagnostic(`${Math.round(performance.now() - begun)} ms from the command to its end`);
  assert.equal(ended.status, 0, ended.stderr);
  assert.equal(ended.stdout.toString(), 'first\nchanged\n');
  await nothingLeft();
});

test('the status of the command is that of banger', async () => {
  const argv = ['banger', 'vm', 'run', '--rm', './repo', '--', 'make', 'test', 'STATUS=3'];
  const ended = await host.asUser('alice', argv, { timeoutMs: 240_000 });
  // make says 2 for a command that failed.
  assert.equal(ended.status, 2, ended.stderr);
  assert.match(ended.stderr, /Error 3/);
  await nothingLeft();
});

test('the VM runs in a unit of its own while it does', async () => {
  const running = host.startAsUser(
    'alice',
    ['banger', 'vm', 'run', '--rm', '--', 'sh', '-c', 'echo up; cat'],
    { timeoutMs: 240_000 },
  );
  await running.says('up\n');
  const [vm] = JSON.parse(await host.userSays('alice', 'banger', 'vm', 'list', '--json'));
  const units = await host.units('banger-vm-*', 'alice');
  assert.deepEqual(
    units.map(({ unit, sub }) => [unit, sub]),
    [[`banger-vm-${vm.id}.service`, 'running']],
  );
  await assert.rejects(
    host.uninstallFor('alice'),
    new RegExp(`these VMs run: ${vm.name}; run .banger vm stop`),
  );
  running.child.stdin?.end('bye\n');
  const ended = await running.ended;
  assert.equal(ended.status, 0, ended.stderr);
  assert.equal(ended.stdout.toString(), 'up\nbye\n');
  await nothingLeft();
});

async function nothingLeft(): Promise<void> {
  assert.equal(await host.userSays('alice', 'banger', 'vm', 'list', '--json'), '[]');
  await host.userSays('alice', 'banger', 'daemon', 'stop');
  assert.deepEqual(await host.units('banger-*', 'alice'), []);
  const left = (await host.processes('alice')).filter(({ args }) => /banger|qemu|slirp/.test(args));
  assert.deepEqual(left, []);
  assert.deepEqual(await host.files('/home/alice/.local/state/banger/vms'), []);
  assert.deepEqual(await host.files('/run/user/1000/banger/vms'), []);
}
