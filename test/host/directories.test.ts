/** A user without a login, whose runtime directory is in /tmp, and another who was there first. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { sharedCheckout } from './support/checkout.ts';
import { homeOf, uids } from './support/commands.ts';
import { openHost, type TestHost } from './support/host.ts';

const banger = join(checkout, 'bin/banger');
const place = `/tmp/banger-${uids.alice}`;
const home = homeOf('alice');

let host: TestHost;
before(async () => {
  host = await openHost({ shared: sharedCheckout() });
  await host.userSays('alice', 'sh', '-c', 'umask 077; mkdir .ssh own; echo key >.ssh/id_ed25519');
});
after(() => host.close());

/** Runs the CLI as alice where nobody is logged in: there is neither a bus nor /run/user/1000. */
function asAlice(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return host.asUser('alice', [banger, ...args], { bus: false, env });
}

/** Takes away what bob made, and what came of it. */
async function clear(): Promise<void> {
  await asAlice(['daemon', 'stop']);
  await host.rootSays('rm', '-rf', place);
  await host.rootSays('find', join(home, '.ssh'), '-mindepth', '1', '!', '-name', 'id_ed25519', '-delete');
}

/** Everything in the directory, also what begins with a dot. */
function listed(directory: string): Promise<string> {
  return host.rootSays('ls', '-A', directory);
}

const taken: [string, string, RegExp][] = [
  ['a link to her ~/.ssh', `ln -s ${home}/.ssh ${place}`, /is a symbolic link of uid 1001/],
  ['a link that leads nowhere', `ln -s ${home}/.ssh/new ${place}`, /is a symbolic link of uid 1001/],
  ['a link to a directory of his', `mkdir -p his; ln -s ~/his ${place}`, /is a symbolic link of uid 1001/],
  ['a directory that all may enter', `mkdir -m 777 ${place}`, /belongs to another user \(uid 1001\)/],
  ['a directory that is his alone', `mkdir -m 700 ${place}`, /belongs to another user \(uid 1001\)/],
  ['a file', `echo >${place}; chmod 666 ${place}`, /is not a directory/],
  ['a FIFO', `mkfifo -m 666 ${place}`, /is not a directory/],
  [
    'a directory with the address of a bus of his',
    `mkdir -p ${place}/bus; echo unix:path=/tmp/his >${place}/bus/address; chmod -R a+rwX ${place}`,
    /belongs to another user \(uid 1001\)/,
  ],
];

for (const [name, take, says] of taken) {
  test(`bob has made alice's runtime directory ${name}: it is refused, and what the message says helps`, async (t) => {
    t.after(() => clear());
    await host.userSays('bob', 'sh', '-c', take);
    const refused = await asAlice(['vm', 'list']);
    assert.equal(await listed(join(home, '.ssh')), 'id_ed25519');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, says);
    assert.match(refused.stderr, /; set XDG_RUNTIME_DIR to a directory of your own\n$/);
    const env = { XDG_RUNTIME_DIR: join(home, 'own') };
    assert.deepEqual((await asAlice(['vm', 'list', '--json'], env)).stdout.toString(), '[]\n');
    await asAlice(['daemon', 'stop'], env);
  });
}

test('a new runtime directory in /tmp is accessible to alice only', async () => {
  assert.equal((await asAlice(['vm', 'list', '--json'])).stdout.toString(), '[]\n');
  assert.equal(await host.rootSays('stat', '--format=%U %a', place), 'alice 700');
  assert.notEqual((await host.asUser('bob', ['ls', place])).status, 0);
  await asAlice(['daemon', 'stop']);
});

test('a state directory that bob made names no bus for alice', async () => {
  const bus = '"busAddress":"unix:path=/tmp/his-bus"';
  await host.userSays(
    'bob',
    'sh',
    '-c',
    `mkdir -p /tmp/data/banger; setsid sleep 300 >/dev/null 2>&1 & pid=$!
    start=$(cut -d' ' -f22 /proc/$pid/stat); boot=$(cat /proc/sys/kernel/random/boot_id)
    printf '{"pid":%s,"startTime":%s,"bootId":"%s",${bus}}' $pid $start $boot >/tmp/data/banger/daemon.json
    chmod -R a+rwX /tmp/data`,
  );
  const refused = await asAlice(['vm', 'list'], { XDG_STATE_HOME: '/tmp/data' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /\/tmp\/data belongs to another user \(uid 1001\), who could replace/);
  assert.match(refused.stderr, /; set XDG_STATE_HOME to a directory of your own\n$/);
});

test('a state directory in one of root’s is taken, also by a daemon in a user namespace, as its service is', async () => {
  await host.rootSays(
    'sh',
    '-c',
    'mkdir -m 755 /data && mkdir -m 700 /data/banger && chown alice: /data/banger',
  );
  const env = { XDG_STATE_HOME: '/data', XDG_RUNTIME_DIR: join(home, 'own') };
  const inNamespace = ['unshare', '--user', '--map-current-user', banger];
  for (const argv of [[banger], inNamespace]) {
    const listed = await host.asUser('alice', [...argv, 'vm', 'list', '--json'], { bus: false, env });
    assert.equal(listed.stdout.toString(), '[]\n', listed.stderr);
    await host.asUser('alice', [...argv, 'daemon', 'stop'], { bus: false, env });
  }
});
