/** What a user of the host can prepare against root, who installs, upgrades and removes the packages. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { scriptText } from '../../packaging/scriptlets/script.ts';
import { assertNoDebugger } from '../support/debugger.ts';
import { checkout } from '../support/guest-home.ts';
import { until } from '../support/program.ts';
import { aptInstall, sharedDeb } from './support/deb.ts';
import { openHost, type TestHost } from './support/host.ts';
import { childrenOf } from './support/machine.ts';
import { write } from './support/service.ts';

let host: TestHost;
let deb: string;
const transient = '/run/user/1000/systemd/transient';
const former = '/usr/lib/banger/0.0.1-former';
const timeoutMs = 150_000;
/** A server on the socket of a user's bus that writes without an end to whoever connects. */
const endless = `
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("/run/user/1000/bus")
server.listen(100)
while True:
    connection = server.accept()[0]
    if os.fork() == 0:
        while True:
            connection.sendall(b"l" * 65536)`;
before(async () => {
  deb = await sharedDeb();
  host = await openHost();
  await host.login('alice');
  await aptInstall(host, deb);
});
after(() => host.close());
afterEach(async () => {
  await host.asRoot(['sh', '-c', `rm -f ${transient}/banger-*`]);
});

const sh = (script: string) => host.userSays('alice', 'sh', '-euc', script);
const home = '/home/alice';
/** What `sudo -E` and `su` leave of alice's environment to root, with what she can put there against Node. */
const alices = {
  HOME: home,
  USER: 'alice',
  XDG_RUNTIME_DIR: '/run/user/1000',
  XDG_CACHE_HOME: `${home}/.cache`,
  XDG_CONFIG_HOME: `${home}/.config`,
  DBUS_SESSION_BUS_ADDRESS: `unixexec:path=${home}/run-as-root`,
  NODE_OPTIONS: `--require=${home}/canary.cjs`,
  TMPDIR: `${home}/tmp`,
};

/** Has dpkg upgrade the package, which must end and succeed, and gives what that said. */
async function upgrade(env: NodeJS.ProcessEnv = {}): Promise<string> {
  // A former version that nothing uses: the scripts look for who does.
  await host.rootSays('mkdir', '-p', former);
  return await asRoot(['dpkg', '--install', `/var/tmp/${basename(deb)}`], env);
}

async function asRoot(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await host.asRoot(argv, { env, timeoutMs });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

const isThere = async (path: string) => (await host.asRoot(['test', '-e', path])).status === 0;

/** All files of alice's, with when each was last written and changed, and read where it is no directory. */
const aliceFiles = async () => {
  const directories = ['-type', 'd', '-printf', '%p %u directory %T@ %C@\n'];
  const listed = await host.rootSays('find', home, ...directories, '-o', '-printf', '%p %u %A@ %T@ %C@\n');
  return listed.split('\n').sort();
};

test('an upgrade does not wait at FIFOs in place of units', async () => {
  await sh(`mkdir -p ${transient}; cd ${transient}; mkfifo banger-vm-a.service banger-job-1.service`);
  await upgrade();
  assert.equal(await isThere(former), false, 'what nothing uses was kept');
});

test('an upgrade opens none of the files that a link in place of a unit leads to', async () => {
  // It opens no FIFO, so that it would wait; and nothing without an end.
  await sh(`mkfifo ${home}/pipe; ln -s ${home}/pipe ${transient}/banger-vm-b.service`);
  await upgrade();
  await sh(`rm ${home}/pipe`);
});

test('no scriptlet of the RPM waits at FIFOs in place of units', async () => {
  await sh(`mkdir -p ${transient}; mkfifo ${transient}/banger-vm-a.service`);
  await host.rootSays('mkdir', '-p', former);
  for (const [name, argument] of [
    ['pre', '2'],
    ['posttrans', '1'],
    ['preun', '1'],
    ['postun', '1'],
  ] as const) {
    const text = scriptText(join(checkout, `packaging/rpm/${name}.sh`));
    write(host, `/var/tmp/${name}`, text);
    await asRoot(['/bin/sh', `/var/tmp/${name}`, argument], alices);
  }
  assert.equal(await isThere(former), false, 'what nothing uses was kept');
});

test('a version that only a unit is to call is kept', async () => {
  const helper = `${former}/host/while-running`;
  const stop = `--property=ExecStop=${helper} /bin/true`;
  await host.userSays('alice', 'systemd-run', '--user', '--unit=banger-vm-c', stop, 'sleep', 'infinity');
  await upgrade();
  assert.ok(await isThere(former), 'what a unit is to call was removed');
  await host.userSays('alice', 'systemctl', '--user', 'stop', 'banger-vm-c.service');
});

test('a version is kept while one of its programs runs', async () => {
  await host.rootSays(
    'sh',
    '-euc',
    `mkdir -p ${former}/host; cp "$(command -v sleep)" ${former}/host/helper`,
  );
  // Its arguments do not name the version.
  const running = host.startAsUser('alice', ['sh', '-c', `cd ${former}/host; exec ./helper 1000`]);
  await until('it runs', async () =>
    (await host.processes('alice')).some(({ args }) => args === './helper 1000'),
  );
  await upgrade();
  assert.ok(await isThere(`${former}/host/helper`), 'what runs was removed');
  running.child.kill();
  await running.ended;
});

test('a user manager that is stopped delays an upgrade by seconds, is named, and no files are removed', async () => {
  const manager = await host.rootSays('systemctl', 'show', '--value', '--property=MainPID', 'user@1000');
  await host.userSays('alice', 'kill', '-STOP', manager);
  const begun = performance.now();
  const said = await upgrade();
  const seconds = (performance.now() - begun) / 1000;
  await host.userSays('alice', 'kill', '-CONT', manager);
  process.stderr.write(`hostile-user: the upgrade took ${seconds.toFixed(0)} s\n`);
  assert.match(said, /^banger: the manager of the user 1000 does not answer/m);
  assert.ok(await isThere(former), 'what nobody knows the use of was removed');
});

test('a bus that writes without an end does not keep an upgrade waiting', async () => {
  // In place of the bus: what its user connects to it says yes for ever.
  await sh(`cd /run/user/1000; mv bus bus.true
    systemd-run --user --quiet --unit=yes --service-type=exec --property=Restart=no python3 -c '${endless}'`);
  await until('it listens', () => isThere('/run/user/1000/bus'));
  try {
    await upgrade();
  } finally {
    await sh('cd /run/user/1000; rm bus; mv bus.true bus');
  }
  await host.userSays('alice', 'systemctl', '--user', 'stop', 'yes.service');
});

test('scripts of the package run and make nothing that the environment of who runs dpkg names', async () => {
  await sh(`echo "require('node:fs').writeFileSync('${home}/ran', '')" >${home}/canary.cjs
    printf '#!/bin/sh\n: >${home}/ran\n' >${home}/run-as-root; chmod +x ${home}/run-as-root; mkdir ${home}/tmp`);
  const before = await aliceFiles();
  await upgrade(alices);
  const removal = ['dpkg', '--remove', 'banger'];
  await asRoot(removal, alices);
  assert.equal(await isThere('/usr/bin/banger'), false);
  await upgrade(alices);
  assert.deepEqual(await aliceFiles(), before);
});

test('root reads and writes no compiled code in the home of another user', async () => {
  // What root's own start leaves is planted for the next one, and dated so that reading shows (relatime, mount(8)).
  await host.rootSays('banger', '--version');
  const cache = `${home}/.cache/banger`;
  const plant = `mkdir -p ${cache}; cp -r /root/.cache/banger/node ${cache}; chown -R alice: ${home}/.cache
    find ${home} -exec touch -h -a -d 2001-01-01 {} + ; find ${home} -exec touch -h -m -d 2002-01-01 {} +`;
  await host.rootSays('sh', '-euc', plant);
  const planted = (await host.files(`${cache}/node`)).at(0) ?? '';
  assert.match(planted, /-0\/[0-9a-f]{8}$/, 'the name that Node looks for has the uid');
  const before = await aliceFiles();
  for (const argv of [
    ['banger', '--version'],
    ['banger', 'vm', 'list', '--help'],
    ['/usr/libexec/banger-netd', '--remove-all'],
  ]) {
    await asRoot(argv, { HOME: home, XDG_CACHE_HOME: `${home}/.cache` });
    await asRoot(argv, { HOME: home });
  }
  const listed = await aliceFiles();
  assert.deepEqual(listed, before);
  // That reading shows.
  await host.rootSays('cat', planted);
  assert.notDeepEqual(await aliceFiles(), before);
  await host.rootSays('rm', '-r', `${home}/.cache/banger`);
});

test('a user keeps compiled code in a cache of his own', async () => {
  await host.userSays('alice', 'banger', '--version');
  assert.ok((await host.files(`${home}/.cache/banger/node`)).length > 0);
});

test('no program of the package opens a debugger on SIGUSR1', async () => {
  await host.userSays('alice', 'banger', 'vm', 'list');
  const status = JSON.parse(await host.userSays('alice', 'banger', 'daemon', 'status', '--json'));
  const bangerd = pidOutside(status.pid);
  await assertNoDebugger(bangerd);
  const logs = host.startAsUser('alice', ['banger', 'daemon', 'logs', '--follow']);
  await until('the command runs', () => childrenOf(logs.child.pid ?? 0).length > 0);
  const [banger = 0] = childrenOf(logs.child.pid ?? 0);
  await assertNoDebugger(banger);
  process.kill(banger);
  await logs.ended;
  await host.rootSays('systemctl', 'start', 'banger-netd.service');
  const netd = await host.rootSays('systemctl', 'show', '--value', '--property=MainPID', 'banger-netd');
  await assertNoDebugger(pidOutside(Number(netd)));
  // The daemon that got the signal goes on to serve.
  await host.userSays('alice', 'banger', 'vm', 'list');
  const after = JSON.parse(await host.userSays('alice', 'banger', 'daemon', 'status', '--json'));
  assert.equal(after.pid, status.pid);
});

/** The pid, as this process sees it, of a process of the test host, by the pid that it has there. */
function pidOutside(inside: number): number {
  const namespace = readlinkSync(`/proc/${host.leader}/ns/pid`);
  const found = readdirSync('/proc').find((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/ns/pid`) === namespace &&
        new RegExp(`^NSpid:.*\\t${inside}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      );
    } catch {
      // It is no process, or has ended.
      return false;
    }
  });
  return Number(found);
}
