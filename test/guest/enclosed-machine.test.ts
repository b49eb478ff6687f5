/** QEMU's driver by itself, whatever BANGER_TEST_VMM says: Firecracker's has test/vmm/firecracker and test/guest/firecracker.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chooseHostEnd, kernelNetworkWords } from '../../src/network/addresses.ts';
import { enclose, enclosedTap, slirpSocket } from '../../src/network/enclosure.ts';
import { addForward, listForwards, removeForward } from '../../src/network/forwards.ts';
import { ProcessSupervisor } from '../../src/supervise/process.ts';
import type { MachineSpec } from '../../src/vmm/machine.ts';
import { QemuDriver } from '../../src/vmm/qemu/driver.ts';
import { qemuFeatures } from '../../src/vmm/qemu/features.ts';
import { probeKvm } from '../../src/vmm/qemu/kvm-probe.ts';
import { hostTscKhz } from '../../src/vmm/tsc.ts';
import { enclosureTools, helper, processesWith, program } from './support/host.ts';
import { tinyGuest } from './support/tiny-guest.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(directory, { recursive: true }));
const supervisor = new ProcessSupervisor();
const never = new AbortController().signal;
const binary = program('qemu-system-x86_64', 'qemu-system-x86');
const tscKhz = await hostTscKhz(helper('tsc-khz'), directory);
const { sandbox } = await qemuFeatures(binary, directory);
const driver = new QemuDriver({ binary, accelerator: 'tcg', tscKhz, sandbox }, helper('vmm-output'));

interface Booted extends AsyncDisposable {
  pid: number;
  ended: Promise<unknown>;
  /** Waits for a line on the console and gives it. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
}

function specOf(guest: { vmlinux: string; initrd: string }, changes: Partial<MachineSpec> = {}): MachineSpec {
  const drives = ['a', 'b,c', 'd'].map((name, index) => {
    const path = join(directory, `${name}.img`);
    writeFileSync(path, '');
    truncateSync(path, (index + 1) * 1024 * 1024);
    return { path, readonly: index === 0 };
  });
  return {
    id: 'test',
    vcpus: 2,
    memoryBytes: 256 * 1024 * 1024,
    ...guest,
    commandLine: kernelNetworkWords(),
    drives,
    network: { kind: 'tap', name: enclosedTap, mac: '52:54:00:00:00:01' },
    runtimeDirectory: directory,
    consoleFile: join(directory, 'console'),
    ...changes,
  };
}

async function boot(spec: MachineSpec, enclosed: boolean): Promise<Booted> {
  rmSync(spec.consoleFile, { force: true });
  const bare = await driver.program(spec);
  const logFile = join(directory, 'log');
  const whole = enclosed
    ? enclose(bare, enclosureTools(), { runtimeDirectory: directory, allowLan: false, nat: true })
    : bare;
  const supervised = await supervisor.start('banger-vm-test', whole, logFile);
  assert.equal(supervised.kind, 'process');
  const ended = supervisor.ended(supervised, never);
  const dispose = async () => {
    await supervisor.kill(supervised);
    assert.deepEqual(processesWith(directory), []);
  };
  try {
    await driver.boot(spec, { ended, logFile }, never);
  } catch (error) {
    await dispose();
    throw error;
  }
  const line = async (pattern: RegExp) => {
    const deadline = performance.now() + 60_000;
    while (performance.now() < deadline) {
      const found = readFileSync(spec.consoleFile, 'utf8').match(pattern);
      if (found) return found;
      await sleep(50);
    }
    throw new Error(`no ${pattern} on the console: ${readFileSync(spec.consoleFile, 'utf8')}`);
  };
  return { pid: supervised.pid, ended, line, [Symbol.asyncDispose]: dispose };
}

/** What a server on that end of the host sends back. */
async function echo(address: string, port: number): Promise<string> {
  const socket = connect(port, address, () => socket.write('hello\n'));
  socket.setTimeout(10_000, () => socket.destroy(new Error('no echo')));
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

const serve = `
for disk in /sys/block/vd*; do echo "DISK \${disk##*/} $(cat $disk/serial) $(cat $disk/size) $(cat $disk/ro)"; done
echo "PORTS" $(cat /sys/class/virtio-ports/*/name)
for port in /sys/class/virtio-ports/*; do
  name=$(cat $port/name); device=/dev/\${port##*/}
  (while :; do read -r line <$device && echo "$name $line" >$device; usleep 100000; done) &
done
nc -ll -p 22 -e cat &
until grep -q ':0016 ' /proc/net/tcp /proc/net/tcp6; do usleep 50000; done
echo READY
sleep 1000`;

test('an enclosed machine has its drives, its agent ports and its forwards, and no capability', async () => {
  const spec = specOf(await tinyGuest(directory, serve));
  const machine = QemuDriver.machine(directory);
  await using booted = await boot(spec, true);
  const end = await chooseHostEnd(new Set());
  const ssh = { protocol: 'tcp', hostAddress: end.address, hostPort: end.port, guestPort: 22 } as const;
  const id = await addForward(slirpSocket(directory), ssh);
  assert.deepEqual(await listForwards(slirpSocket(directory)), new Map([[id, ssh]]));
  await assert.rejects(addForward(slirpSocket(directory), ssh), { code: 'InUse' });

  await booted.line(/^READY/m);
  const console = readFileSync(spec.consoleFile, 'utf8').replaceAll('\r', '');
  assert.deepEqual(console.match(/^DISK.*$/gm), [
    'DISK vda drive0 2048 1',
    'DISK vdb drive1 4096 0',
    'DISK vdc drive2 6144 0',
  ]);
  assert.match(console, /^PORTS org\.banger\.control org\.banger\.query$/m);
  assert.equal(await echo(end.address, end.port), 'hello\n');
  for (const channel of ['control', 'query'] as const) {
    const agent = await machine.connectAgent(channel, never);
    agent.write('ping\n');
    const [answer] = await once(agent, 'data');
    assert.match(String(answer), new RegExp(`^org.banger.${channel} ping`));
    agent.destroy();
  }

  const status = readFileSync(`/proc/${booted.pid}/status`, 'utf8');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
  }
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  if (sandbox) assert.match(status, /^Seccomp:\s+2$/m);

  await removeForward(slirpSocket(directory), id);
  await assert.rejects(echo(end.address, end.port), { code: 'ECONNREFUSED' });
});

const reach = `
try() { echo "REACH $1 $(echo | nc -w 3 "$2" PORT 2>/dev/null || true)"; }
ping -c 1 -W 5 10.0.2.2 >/dev/null && echo "GATEWAY answers"
try gateway 10.0.2.2
try zero 0.0.0.0
for own in OWN; do try own $own; done
# As a hostile root would: packets to the loopback network leave by eth0.
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
ip addr flush dev lo; ip link set lo down
ip route flush table local type local dev lo 2>/dev/null
ip route add 127.0.0.0/8 via 10.0.2.2 src 10.0.2.100
echo "ROUTE $(ip route get 127.0.0.1)"
try loopback 127.0.0.1
try forwards 127.66.0.1
echo DONE`;

test('a hostile guest reaches nothing on the host’s loopback or own addresses', async () => {
  let visits = 0;
  const canary = createServer((client) => {
    visits++;
    client.on('error', () => undefined).end('CANARY\n');
  });
  await new Promise<void>((resolve) => canary.listen(0, '0.0.0.0', resolve));
  try {
    const bound = canary.address();
    const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
    const probe = connect(port, '127.0.0.1');
    assert.equal(String((await once(probe, 'data'))[0]), 'CANARY\n');
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address);
    const script = reach.replaceAll('PORT', String(port)).replace('OWN', own.join(' '));
    await using booted = await boot(specOf(await tinyGuest(directory, script)), true);
    await booted.line(/^DONE/m);
    const console = readFileSync(join(directory, 'console'), 'utf8').replaceAll('\r', '');
    assert.match(console, /^GATEWAY answers$/m);
    assert.match(console, /^ROUTE 127\.0\.0\.1 via 10\.0\.2\.2 dev eth0/m);
    assert.match(console, /^REACH loopback/m);
    assert.doesNotMatch(console, /CANARY/);
    assert.equal(visits, 1, 'somebody but us reached the canary');
    await booted.ended;
  } finally {
    canary.close();
  }
});

test('without an enclosure QEMU’s own user network forwards ssh, and the guest reaches the host’s loopback unless restricted', async () => {
  const canary = createServer((client) => client.on('error', () => undefined).end('CANARY\n'));
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  const bound = canary.address();
  const port = typeof bound === 'object' ? bound?.port : 0;
  const script = `echo "REACH $(echo | nc -w 3 10.0.2.2 ${port} 2>/dev/null || true)"\n${serve}`;
  try {
    for (const restricted of [false, true]) {
      const forward = { ...(await chooseHostEnd(new Set())), guestPort: 22 };
      const to = { mac: '52:54:00:00:00:01', guestAddress: '10.0.2.100', restricted, forward };
      const spec = specOf(await tinyGuest(directory, script), { network: { kind: 'qemu-user', ...to } });
      await using booted = await boot(spec, false);
      await booted.line(/^READY/m);
      const reached = /^REACH CANARY/m.test(readFileSync(spec.consoleFile, 'utf8'));
      assert.equal(reached, !restricted);
      assert.equal(await echo(forward.address, forward.port), 'hello\n');
    }
  } finally {
    canary.close();
  }
});

test('killing a machine takes its network with it', async () => {
  const spec = specOf(await tinyGuest(directory, serve));
  const booted = await boot(spec, true);
  // The VMM, slirp4netns, and the two that stay beside it; vmm-output names nothing of it.
  assert.equal(processesWith(directory).length, 4);
  process.kill(booted.pid, 'SIGKILL');
  await booted.ended;
  for (let i = 0; i < 100 && processesWith(directory).length > 0; i++) await sleep(20);
  assert.deepEqual(processesWith(directory), []);
});

test('a machine that QEMU cannot make says why', async () => {
  const spec = specOf(await tinyGuest(directory, serve));
  const drives = [{ path: join(directory, 'absent'), readonly: true }];
  await assert.rejects(boot({ ...spec, drives }, true), {
    code: 'HostNotReady',
    message: /absent.*No such file/,
  });
});

test('the probe gives an answer in time, whatever this host’s KVM does', async () => {
  const began = performance.now();
  const failure = await probeKvm({ binary, ...(await tinyGuest(directory, '')) });
  assert.ok(performance.now() - began < 5_500);
  if (failure !== undefined) assert.match(failure, /\S/);
  assert.deepEqual(processesWith(directory), []);
});
