/** What the configuration says reaches guests, and a broken one stops nothing but what needs it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();
// The home is that of other tests, too.
after(() => home.configure());

const serversOf = (vm: string) => home.script(vm, "sed -n 's/^nameserver //p' /etc/resolv.conf");

test('a guest gets default_dns and vm_defaults', async () => {
  home.configure(
    'default_dns = ["9.9.9.9", "1.1.1.1"]\n[vm_defaults]\nvcpu = 1\nmemory = "640M"\ndisk_size = "1G"\n',
  );
  // Also as a bundle, where the reader of the file is in a file of its own.
  assert.equal(await home.banger('config', 'check'), `ok: ${home.configFile}\n`);
  const { stderr } = await home.create('set');
  assert.match(stderr, /^spec: 1 vcpu · 640 MiB · 1G disk$/m);
  assert.equal(await serversOf('set'), '9.9.9.9\n1.1.1.1');
  assert.equal(await home.script('set', 'nproc'), '1');
});

test('a broken configuration fails the commands that need it with one line; others work', async () => {
  writeFileSync(home.configFile, 'default_dns = "9.9.9"\nvmm = "bhyve"\n');
  const { status, stderr } = await home.run(['vm', 'create', '--name', 'unmade']);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^banger: \S+config\.toml:1: default_dns must be an IPv4 address.*, and 1 more; `banger config check` lists them\n$/,
  );
  assert.doesNotMatch(await home.banger('vm', 'list'), /unmade/);
  await home.banger('vm', 'stop', 'set');
});

test('the daemon follows a change at the next start', async () => {
  home.configure('default_dns = "8.8.8.8"\n');
  await home.banger('vm', 'start', 'set');
  assert.equal(await serversOf('set'), '8.8.8.8');
  home.configure();
  await home.banger('vm', 'stop', 'set');
  await home.banger('vm', 'start', 'set');
  assert.equal(await serversOf('set'), '10.0.2.3');
});

test('nothing is left', async () => {
  await home.banger('vm', 'delete', '--force', '--yes', 'set');
  await home.close();
});
