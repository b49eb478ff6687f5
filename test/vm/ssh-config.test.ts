import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { openStore } from '../../src/store/database.ts';
import type { ReachableVm } from '../../src/vm/connection.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { formatSshConfig, SshConfigFile } from '../../src/vm/ssh-config.ts';
import { getVmFiles } from '../../src/vm/vm.ts';
import { until } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm } from '../support/vm.ts';

function vm(id: string, name: string, address: string, port = 2222): ReachableVm {
  return { ...makeVm({ id, name }), ssh: { address, port } };
}

/** What ssh makes of a configuration for a host. */
async function sshReads(path: string, host: string): Promise<Map<string, string>> {
  const outcome = await execute({ file: 'ssh', args: ['-T', '-G', '-F', path, host], timeoutMs: 20_000 });
  assert.deepEqual([outcome.status, outcome.stderr], [0, '']);
  const options = outcome.stdout.trimEnd().split('\n');
  return new Map(options.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

async function makeFile(t: TestContext, key = () => Promise.resolve('/keys/a b "%h\\')) {
  const directory = temporaryDirectory(t);
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => store.close());
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  const warnings: string[] = [];
  const log = { info() {}, warn: (_: object, message: string) => void warnings.push(message), error() {} };
  const path = join(directory, 'ssh_config');
  const userKey = async () => ({ privateKeyFile: await key(), publicKey: '' });
  const file = new SshConfigFile(path, vms, userKey, log);
  return { directory, vms, warnings, path, file, text: () => readFileSync(path, 'utf8') };
}

test('ssh reads where a VM is, by its name and by its id', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'config');
  const text = formatSshConfig(
    [vm('a1', 'web', '127.66.0.9', 2223), vm('b2', 'a1', '127.66.0.10')],
    (id) => getVmFiles(id, { state: '/a b/%s"\\', runtime: '/run' }),
    '/keys/a b "%h\\',
  );
  // What a user says of all hosts must not reach a guest, or lead away from it.
  const users = (proxy: string) =>
    `Host *\n  ${proxy}\n  ForwardAgent yes\n  User me\n  IdentityFile /mine\n`;
  writeFileSync(path, text + users('ProxyCommand false'), { mode: 0o600 });
  assert.equal((await sshReads(path, 'web.vm')).has('proxycommand'), false);
  writeFileSync(path, text + users('ProxyJump bastion'), { mode: 0o600 });
  const web = await sshReads(path, 'web.vm');
  for (const [name, value] of Object.entries({
    hostname: '127.66.0.9',
    port: '2223',
    user: 'root',
    identitiesonly: 'yes',
    hostkeyalias: 'banger-a1',
    stricthostkeychecking: 'true',
    userknownhostsfile: '/a b/%s"\\/vms/a1/known_hosts',
    kexalgorithms: 'curve25519-sha256',
    forwardagent: 'no',
  })) {
    assert.equal(web.get(name), value, name);
  }
  assert.ok(text.includes('IdentityFile "/keys/a b \\"%%h\\\\"'));
  assert.equal(web.has('proxyjump'), false);
  // The name of one VM is the id of the other.
  assert.equal((await sshReads(path, 'a1.vm')).get('hostname'), '127.66.0.10');
  assert.equal((await sshReads(path, 'b2.vm')).get('hostname'), '127.66.0.10');
  assert.equal((await sshReads(path, 'other.vm')).get('proxyjump'), 'bastion');
});

test('the file follows the VMs, and is private', async (t) => {
  const { vms, path, file, text, warnings } = await makeFile(t);
  vms.add(vm('a1', 'web', '127.66.0.9'));
  await file.follow();
  assert.match(text(), /^Host web\.vm a1\.vm$/m);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  vms.add(makeVm({ id: 'b2', name: 'db' }));
  await file.write();
  assert.doesNotMatch(text(), /db/, 'it has no address yet');
  vms.record('b2', { ssh: { address: '127.66.0.10', port: 2300 } });
  await until('the address is there', () =>
    /Host db\.vm[^H]*HostName 127\.66\.0\.10\n {2}Port 2300/.test(text()),
  );
  vms.record('b2', { ssh: { address: '127.66.0.10', port: 2301 } });
  await until('the port is there', () => text().includes('Port 2301'));
  vms.remove('a1');
  await until('the VM is gone', () => !text().includes('web'));
  vms.remove('b2');
  await file.write();
  assert.doesNotMatch(text(), /Host /);
  assert.deepEqual(warnings, []);
});

test('a change of the key counts with the next change of a VM', async (t) => {
  let key = '/one';
  const { vms, file, text } = await makeFile(t, async () => key);
  vms.add(vm('a1', 'web', '127.66.0.9'));
  await file.follow();
  key = '/two';
  vms.record('a1', { run: { startedAt: 5 } });
  await until('the key is there', () => text().includes('IdentityFile "/two"'));
});

test('what goes wrong is logged, and made good by the next change', async (t) => {
  let broken = true;
  const { vms, path, file, text, warnings } = await makeFile(t, async () => {
    if (broken) throw new Error('the key is broken');
    return '/key';
  });
  vms.add(vm('a1', 'web', '127.66.0.9'));
  await file.follow();
  assert.match(warnings[0] ?? '', /not up to date: the key is broken/);
  broken = false;
  mkdirSync(path);
  await file.write();
  assert.match(warnings[1] ?? '', /EISDIR|not up to date/);
  rmSync(path, { recursive: true });
  vms.record('a1', { ssh: { address: '127.66.0.9', port: 2223 } });
  await until('the port is there', () => {
    try {
      return text().includes('Port 2223');
    } catch {
      return false;
    }
  });
});
