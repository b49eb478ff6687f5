/** What survives a stop, and what a stop leaves on the disks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openGuestHome } from '../support/guest-home.ts';
import { runProgram } from '../support/program.ts';

const home = await openGuestHome();
const foreignKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJhiTx2gHFgYXr1DO5pPqFyjGQVAtOHHkIZZR9A6ZSFk colleague';
const identity = 'cat /etc/machine-id /etc/ssh/banger/ssh_host_ed25519_key.pub; hostname';
const bootId = 'cat /proc/sys/kernel/random/boot_id';
const before = { identity: '', boot: '' };

test("the first boot has the image's own /root, with the owner and mode that sshd wants", async () => {
  await home.create('lasting', '--disk-size', '3G');
  const found = await home.script(
    'lasting',
    `cd /root; head -1 .bashrc; head -1 .profile; stat -c '%u:%g %a' . .ssh; ls -A | grep -c lost+found || true`,
  );
  assert.deepEqual(found.split('\n'), [
    '# ~/.bashrc: executed by bash(1) for non-login shells.',
    '# ~/.profile: executed by Bourne-compatible login shells.',
    '0:0 755',
    '0:0 700',
    '0',
  ]);
  assert.match(await home.script('lasting', 'df --output=size -BM /root | tail -1'), /^ *(28|29)\d\dM$/);
});

test('data, edits and links are written, and the guest stops', async () => {
  before.identity = await home.script('lasting', identity);
  before.boot = await home.script('lasting', bootId);
  await home.script(
    'lasting',
    `echo mine >/root/data; echo system >/etc/of-the-user; mkdir -p /opt/tool/etc; echo x >/opt/tool/bin
     echo '# edited' >>/root/.bashrc; rm /root/.profile; rm /usr/bin/file
     echo '${foreignKey}' >>/root/.ssh/authorized_keys; chmod 600 /root/.ssh/authorized_keys
     ln -s /opt/tool/etc /root/.aws; ln -s /nowhere /root/.kube
     dd if=/dev/urandom of=/var/big bs=1M count=16 status=none; sha256sum /var/big >/root/sum`,
  );
  assert.equal(await home.banger('vm', 'stop', 'lasting'), 'lasting stopped\n');
  assert.equal((await home.show('lasting')).state, 'stopped');
});

test('both disks of a stopped VM are clean', async () => {
  const { systemDisk, workDisk } = home.files((await home.show('lasting')).id);
  for (const disk of [systemDisk, workDisk]) {
    const told = await runProgram('/usr/sbin/dumpe2fs', ['-h', disk]);
    const header = told.stdout.toString();
    assert.match(header, /^Filesystem state: +clean$/m);
    assert.match(header, /^Filesystem features: .*has_journal/m);
    assert.doesNotMatch(header, /needs_recovery/);
    const checked = await runProgram('/usr/sbin/e2fsck', ['-fn', disk]);
    assert.equal(checked.status, 0, checked.stdout.toString());
  }
});

test('everything is there again after a start, and the VM is still the same', async () => {
  assert.equal(await home.banger('vm', 'start', 'lasting'), 'lasting started\n');
  assert.notEqual(await home.script('lasting', bootId), before.boot, 'it was never stopped');
  assert.equal(await home.script('lasting', identity), before.identity);
  const found = await home.script(
    'lasting',
    `cat /root/data /etc/of-the-user /opt/tool/bin; tail -1 /root/.bashrc; ls /root/.profile /usr/bin/file 2>&1 | wc -l
     tail -1 /root/.ssh/authorized_keys; readlink /root/.aws /root/.kube; ls -A /opt/tool/etc /nowhere 2>&1 | wc -l
     sha256sum -c /root/sum; stat -c '%u:%g %a' /root`,
  );
  assert.deepEqual(found.split('\n'), [
    ...['mine', 'system', 'x', '# edited', '2', foreignKey, '/opt/tool/etc', '/nowhere'],
    ...['2', '/var/big: OK', '0:0 755'],
  ]);
  await home.systemIsRunning('lasting');
});

test('a whole guest comes up after its VMM was killed', async () => {
  await home.banger('vm', 'kill', 'lasting');
  await home.banger('vm', 'start', 'lasting');
  await home.systemIsRunning('lasting');
  assert.equal(await home.script('lasting', 'sha256sum -c /root/sum'), '/var/big: OK');
});

test('nothing is left', async () => {
  await home.close();
});
