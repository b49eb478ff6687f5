import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FirecrackerDriver } from '../../../src/vmm/firecracker/driver.ts';
import { spec } from '../spec.ts';
import { fakeFirecracker } from './fake.ts';

const runtimeDirectory = mkdtempSync(join(tmpdir(), 'banger-test-'));
after(() => rmSync(runtimeDirectory, { recursive: true }));
const driver = new FirecrackerDriver({ binary: '/f', vmmOutput: '/h/vmm-output' });
const machine = FirecrackerDriver.machine(runtimeDirectory);
const never = new AbortController().signal;
const running = { ended: new Promise<void>(() => undefined), logFile: join(runtimeDirectory, 'log') };
const disk = join(runtimeDirectory, 'disk');
writeFileSync(disk, 'x'.repeat(512));
const machineSpec = spec({
  runtimeDirectory,
  drives: [
    { path: '/d/base', readonly: true },
    { path: disk, readonly: false },
  ],
});

test('a machine is configured in order and started', async () => {
  await using fake = await fakeFirecracker(runtimeDirectory);
  await driver.boot(machineSpec, running, never);
  const [first, ...rest] = fake.asked;
  assert.deepEqual(first, { method: 'GET', path: '/' });
  const put = (path: string, body: object) => ({ method: 'PUT', path, body });
  const bootArgs = [
    'console=ttyS0 quiet random.trust_cpu=on audit=0 selinux=0 apparmor=0 net.ifnames=0 panic=-1 reboot=k',
    'banger.off=reboot pci=off i8042.noaux i8042.nomux i8042.dumbkbd banger.ip=10.0.2.100/24',
  ].join(' ');
  assert.deepEqual(rest, [
    put('/machine-config', { vcpu_count: 2, mem_size_mib: 256 }),
    put('/boot-source', { kernel_image_path: '/k/vmlinux', initrd_path: '/k/initrd', boot_args: bootArgs }),
    put('/drives/drive0', {
      drive_id: 'drive0',
      is_root_device: false,
      path_on_host: '/d/base',
      is_read_only: true,
    }),
    put('/drives/drive1', {
      drive_id: 'drive1',
      is_root_device: false,
      path_on_host: disk,
      is_read_only: false,
      cache_type: 'Writeback',
    }),
    put('/network-interfaces/net', {
      iface_id: 'net',
      host_dev_name: 'vmtap0',
      guest_mac: '52:54:00:00:00:01',
    }),
    put('/vsock', { guest_cid: 3, uds_path: join(runtimeDirectory, 'vsock.sock') }),
    put('/entropy', {}),
    put('/actions', { action_type: 'InstanceStart' }),
    { method: 'GET', path: '/' },
  ]);
});

test('its program appends the console, and is refused what Firecracker cannot be', async () => {
  const { file, args, files } = await driver.program(machineSpec);
  assert.equal(file, '/h/vmm-output');
  assert.deepEqual(args.slice(0, 6), [
    machineSpec.consoleFile,
    '/f',
    '--api-sock',
    join(runtimeDirectory, 'firecracker.sock'),
    '--id',
    'test',
  ]);
  assert.deepEqual(files, ['/h/vmm-output', '/f']);
  const forward = { address: '127.66.0.1', port: 2222, guestPort: 22 };
  const mac = '52:54:00:00:00:01';
  const own = { kind: 'qemu-user', mac, guestAddress: '10.0.2.100', restricted: false, forward } as const;
  const refused: [Parameters<typeof spec>[0], RegExp][] = [
    [{ network: own }, /has no user network of its own/],
    [{ vcpus: 33 }, /at most 32 vCPUs, not 33/],
    [{ runtimeDirectory: `/${'x'.repeat(100)}` }, /path of a socket is too long: .* of 107/],
    [{ commandLine: ['x'.repeat(1600)] }, /command line has \d+ characters of 1647/],
  ];
  for (const [changes, message] of refused) {
    await assert.rejects(driver.program(spec(changes)), { code: 'InvalidArgs', message });
  }
});

test('a drive and its file are grown, and a guest asked to end by its keyboard', async () => {
  await assert.rejects(machine.resizeDrive(1, disk, 1024), { code: 'HostNotReady', message: /has ended/ });
  await assert.rejects(machine.askToEnd(), { code: 'HostNotReady', message: /has ended/ });
  await using fake = await fakeFirecracker(runtimeDirectory);
  await machine.resizeDrive(1, disk, 4096);
  assert.equal(statSync(disk).size, 4096);
  assert.equal(await machine.askToEnd(), true);
  assert.deepEqual(fake.asked, [
    { method: 'PATCH', path: '/drives/drive1', body: { drive_id: 'drive1', path_on_host: disk } },
    { method: 'PUT', path: '/actions', body: { action_type: 'SendCtrlAltDel' } },
  ]);
  const refusal = { status: 400, body: { fault_message: 'Unable to patch the block device: no.' } };
  fake.answer = () => refusal;
  await assert.rejects(machine.resizeDrive(1, disk, 8192), {
    code: 'CommandFailed',
    message: /^Firecracker refused PATCH \/drives\/drive1: Unable to patch the block device: no; /,
  });
});
