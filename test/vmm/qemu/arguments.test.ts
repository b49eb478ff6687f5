import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escaped, qemuArguments } from '../../../src/vmm/qemu/arguments.ts';
import { QemuDriver } from '../../../src/vmm/qemu/driver.ts';
import { timeWords } from '../../../src/vmm/qemu/time-words.ts';
import { spec } from '../spec.ts';

const host = { binary: '/q', accelerator: 'tcg', tscKhz: 2_600_000, sandbox: true } as const;

/** The values that an option has, in order. */
function valuesOf(args: readonly string[], option: string): string[] {
  return args.filter((_, index) => args[index - 1] === option);
}

test('a comma in a value does not begin another option', () => {
  assert.equal(escaped('/a,readonly=off,,'), '/a,,readonly=off,,,,');
  const args = qemuArguments(host, spec({ drives: [{ path: '/a,b', readonly: true }], consoleFile: '/c,d' }));
  assert.match(valuesOf(args, '-drive')[0] ?? '', /^id=drive0,file=\/a,,b,if=none,/);
  assert.ok(valuesOf(args, '-chardev').includes('file,id=console,path=/c,,d,append=on'));
});

test('drives are raw, in order and writable only where they should be', () => {
  const drives = [
    { path: '/a', readonly: true },
    { path: '/b', readonly: false },
  ];
  const given = valuesOf(qemuArguments(host, spec({ drives })), '-drive');
  assert.deepEqual(given, [
    'id=drive0,file=/a,if=none,format=raw,aio=threads,discard=unmap,readonly=on',
    'id=drive1,file=/b,if=none,format=raw,aio=threads,discard=unmap,readonly=off',
  ]);
});

test('the user network forwards ssh to the guest', () => {
  const forward = { address: '127.66.0.1', port: 2222, guestPort: 22 };
  const network = {
    kind: 'qemu-user',
    mac: '52:54:00:00:00:01',
    guestAddress: '10.0.2.100',
    restricted: false,
    forward,
  } as const;
  const [netdev] = valuesOf(qemuArguments(host, spec({ network })), '-netdev');
  assert.equal(netdev, 'user,id=net,ipv6=off,hostfwd=tcp:127.66.0.1:2222-10.0.2.100:22');
});

test('a directory that makes its sockets unreachable is refused', async () => {
  const machine = spec({ runtimeDirectory: `/${'x'.repeat(100)}` });
  await assert.rejects(new QemuDriver(host, '/vmm-output').program(machine), {
    code: 'InvalidArgs',
    message: /too long/,
  });
});

test('the time stamp counter is told under TCG and not under KVM', () => {
  assert.deepEqual(timeWords('tcg', 2_600_000), ['no_timer_check', 'tsc_early_khz=2600000', 'tsc=reliable']);
  assert.deepEqual(timeWords('kvm', 2_600_000), ['no_timer_check']);
  const [line] = valuesOf(qemuArguments(host, spec()), '-append');
  assert.match(
    line ?? '',
    /^console=ttyS0 .* tsc_early_khz=2600000 tsc=reliable banger\.ip=10\.0\.2\.100\/24$/,
  );
});
