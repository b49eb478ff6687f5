/** What another user of the host sees of a user's secrets while commands run: no process shows one in its arguments. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import type { Watched } from '../support/watch-arguments.ts';
import { node, sharedCheckout } from './support/checkout.ts';
import { homeOf } from './support/commands.ts';
import { type GuestUser, openGuestHost } from './support/guests.ts';

const canary = `canary-${randomBytes(12).toString('hex')}`;
const secrets = [canary, Buffer.from(canary).toString('base64').slice(0, 24)];
const watcher = join(checkout, 'test/support/watch-arguments.ts');
const home = homeOf('alice');

let alice: GuestUser;
before(async () => {
  alice = await openGuestHost('alice', { shared: sharedCheckout() });
  await alice.host.login('bob');
  await script(`printf %s "$SECRET" >secret; mkdir -p .config/banger
    printf '[[file_sync]]\\nhost = "~/secret"\\nguest = "~/secret"\\n' >.config/banger/config.toml`);
});
after(() => alice.host.close());

/** Runs a shell script as alice, with the canary as $SECRET, which is in no argument of ours. */
async function script(text: string): Promise<string> {
  const argv = ['sh', '-euc', `IFS= read -r SECRET; ${text}`];
  const ended = await alice.host.asUser('alice', argv, { input: `${canary}\n`, timeoutMs: 240_000 });
  assert.equal(ended.status, 0, ended.stderr);
  return ended.stdout.toString();
}

/** The command lines with a secret in them that bob saw while something was done. */
async function seenByBob(act: () => Promise<unknown>, texts: readonly string[] = secrets): Promise<string[]> {
  const watching = alice.host.startAsUser('bob', [node, watcher], { timeoutMs: 300_000 });
  watching.child.stdin?.write(`${JSON.stringify(texts)}\n`);
  await watching.says('watching');
  await act();
  watching.child.stdin?.end();
  const { rounds, found }: Watched = JSON.parse((await watching.ended).stdout.toString());
  assert.ok(rounds > 3, `all processes were looked at only ${rounds} times`);
  return found;
}

test('bob sees an argument of alice’s, so that what he does not see is not there', async () => {
  const found = await seenByBob(() => script('sh -c "sleep 2; true" sh "$SECRET"'));
  assert.deepEqual(found, [`sh -c sleep 2; true sh ${canary}`]);
});

test('a VM is made with a file of the user’s', async () => {
  assert.deepEqual(await seenByBob(() => script('banger vm create --name web')), []);
  assert.equal(await alice.banger('vm', 'exec', 'web', '--', 'cat', '/root/secret'), canary);
});

for (const options of ['', '--timeout 60s', '--tty']) {
  test(`vm exec -e NAME ${options}`, async () => {
    const command = `banger vm exec web ${options} -e SECRET -- sh -c 'printf %s "$SECRET"; sleep 2'`;
    let said = '';
    const found = await seenByBob(async () => {
      said = await script(`export SECRET; ${command} </dev/null`);
    });
    assert.deepEqual([found, said], [[], canary]);
  });
}

test('vm exec -e NAME=VALUE shows the value in the arguments that the user typed, and in no others', async () => {
  const command = `banger vm exec web -e SECRET="$SECRET" -- sh -c 'printf %s "$SECRET"; sleep 2'`;
  const found = await seenByBob(() => script(`${command} </dev/null`));
  assert.notEqual(found.length, 0);
  for (const line of found) assert.match(line, / vm exec web -e SECRET=canary-\w+ -- sh -c printf/);
});

test('in the guest, no process has the value in its arguments', async () => {
  const look = `printf %s "$SECRET" >/tmp/secret
    grep -lsFf /tmp/secret /proc/[0-9]*/cmdline | wc -l; grep -lsFf /tmp/secret /proc/self/environ`;
  for (const options of ['', '--timeout 60s']) {
    const said = await script(
      `export SECRET; banger vm exec web ${options} -e SECRET -- sh -c '${look}' </dev/null`,
    );
    assert.equal(said, '0\n/proc/self/environ\n');
  }
});

test('while a variable is passed on, bob can read it neither from environments nor from service managers', async (t) => {
  const line = `IFS= read -r SECRET; export SECRET; exec banger vm exec web -e SECRET -- sh -c 'echo in; read -r end'`;
  const running = alice.host.startAsUser('alice', ['sh', '-c', line]);
  t.after(() => running.child.stdin?.end('end\n'));
  running.child.stdin?.write(`${canary}\n`);
  await running.says('in\n');
  const ssh = await alice.says('pgrep', '-u', 'alice', '-f', 'SendEnv=');
  const environment = await alice.host.asUser('bob', [
    'cat',
    ...ssh.split('\n').map((pid) => `/proc/${pid}/environ`),
  ]);
  assert.match(environment.stderr, /Permission denied/);
  assert.equal(environment.stdout.toString(), '');
  const told = [
    await alice.host.asUser('bob', ['systemctl', 'show', '*']),
    await alice.host.asUser('bob', ['journalctl', '--no-pager', '--output=export']),
    await alice.host.asUser('alice', ['systemctl', '--user', 'show', '*']),
    await alice.host.asUser('alice', ['systemctl', '--user', 'show-environment']),
    await alice.host.asUser('alice', ['journalctl', '--user', '--no-pager', '--output=export']),
  ];
  for (const { stdout } of told) {
    for (const secret of secrets) assert.ok(!stdout.includes(secret));
  }
  running.child.stdin?.end('end\n');
  assert.equal((await running.ended).status, 0);
});

test('vm run with a checkout whose remote has a password, and files', async () => {
  await script(`git init -q repo; cd repo; cp ../secret .; git add .
    git -c user.name=a -c user.email=a@b.c commit -qm "$(cat secret)"
    printf '[remote "origin"]\\n\\turl = https://alice:%s@example.org/x.git\\n' "$SECRET" >>.git/config`);
  assert.deepEqual(await seenByBob(() => script('banger vm run --rm repo -- cat secret')), []);
});

test('vm cp both ways, and vm ssh with input', async () => {
  const found = await seenByBob(() =>
    script(`banger vm cp secret web:/root/copied
      banger vm cp web:/root/copied back
      printf %s "$SECRET" | banger vm ssh web -- cat
      rm back`),
  );
  assert.deepEqual(found, []);
});

test('the user’s key and a VM’s host key are made', async () => {
  await script(`banger vm delete --force --yes web; rm -r ${home}/.config/banger/ssh`);
  // Each private key begins with the same bytes, whatever it is.
  const anyKey = Buffer.from('openssh-key-v1\0').toString('base64').slice(0, 19);
  const found = await seenByBob(() => script('banger vm create --name other'), [...secrets, anyKey]);
  assert.deepEqual(found, []);
  const key = await script('cat .config/banger/ssh/id_ed25519');
  assert.ok(key.includes(anyKey), 'this is how a key begins');
});
