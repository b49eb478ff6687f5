/** What a guest has beside its network that leads to the host: devices, channels, buses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { home, requireVm, testNothingLeft, vm } from './support/one-guest.ts';

/** The virtio devices that banger gives: network, disk, console, entropy, and Firecracker's vsock. */
const given = ['0x0001', '0x0002', '0x0003', '0x0004', '0x0013'];
/** Everything of the vsock that root in a guest may try; 2 is the host, 0 what older kernels call the hypervisor. */
const tryVsock = `
use Socket; use Fcntl;
my $made = socket(my $probe, 40, SOCK_STREAM, 0);
print $made ? "vsock\\n" : "no vsock: $!\\n";
exit unless $made;
my @all = map { my $port = $_; map { [$_, $port] } (0, 2) } (1 .. 1100, 2222, 5555, 9999, 4294967295);
while (my @some = splice @all, 0, 3000) {
  my @tries = map {
    socket(my $try, 40, SOCK_STREAM, 0) or die "socket: $!";
    fcntl($try, F_SETFL, O_NONBLOCK);
    connect($try, pack("SSLLx4", 40, 0, $_->[1], $_->[0]));
    [$try, "$_->[0]:$_->[1]"];
  } @some;
  sleep 3;
  for (@tries) { print "connected to $_->[1]\\n" if getpeername($_->[0]); }
}`;

test('a guest has the devices that it needs, and no file system of the host', async () => {
  await requireVm();
  const devices = (await home.script(vm, 'cat /sys/bus/virtio/devices/*/device')).split('\n');
  assert.ok(devices.includes('0x0001') && devices.includes('0x0002'), devices.join(' '));
  assert.deepEqual(
    devices.filter((device) => !given.includes(device)),
    [],
  );
  const mounted = await home.script(vm, 'cut -d " " -f 3 /proc/mounts | sort -u');
  assert.match(mounted, /^ext4$/m);
  assert.doesNotMatch(mounted, /^(9p|virtiofs|nfs.*|cifs|vboxsf|fuse\..*)$/m);
});

test('no port of a vsock leads from a guest to the host', async () => {
  const limited = 'ulimit -n 4096; exec perl -e "$1"';
  const tried = await home.guest(vm, 'sh', '-euc', limited, 'sh', tryVsock);
  assert.match(tried, /^(vsock|no vsock: .*)\n$/, tried);
});

test('the buses of a guest know nothing of the host', async () => {
  const names = await home.script(vm, 'busctl --system --no-pager --no-legend list --acquired --activatable');
  assert.match(names, /org\.freedesktop\.systemd1/, 'the guest has no bus, which proves nothing');
  assert.doesNotMatch(names, /banger/);
  const [, runtime] = home.directories;
  assert.doesNotMatch(await home.script(vm, 'cat /proc/net/unix'), new RegExp(runtime));
});

test('garbage on each channel of a guest stops neither its daemon nor its VM', async () => {
  const { pid } = await home.daemon();
  await home.script(
    vm,
    `for channel in /dev/vport* /dev/virtio-ports/* /dev/hvc* /dev/ttyS0 /dev/console /dev/kmsg; do
       if [ -e "$channel" ]; then timeout 10 sh -c 'head -c 200000 /dev/urandom >"$0"' "$channel" 2>/dev/null || true; fi
     done`,
  );
  assert.equal((await home.show(vm)).state, 'running');
  assert.equal(await home.script(vm, 'echo here'), 'here');
  await home.banger('vm', 'ports', vm);
  assert.equal((await home.daemon()).pid, pid);
});

testNothingLeft();
