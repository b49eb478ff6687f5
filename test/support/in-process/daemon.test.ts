import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBus } from '../../bus/bus-daemon.ts';
import { makeArtifacts } from '../artifacts.ts';
import { until } from '../program.ts';
import { InProcessDaemon } from './daemon.ts';

async function startHome() {
  const bus = await startBus();
  const env = { PATH: process.env.PATH, HOME: bus.directory, XDG_RUNTIME_DIR: bus.directory };
  makeArtifacts({ env });
  return { bus, options: { address: bus.address, env } };
}

test('a VM of the daemon in this process runs until its machine ends', async () => {
  const { bus, options } = await startHome();
  await using _bus = bus;
  await using daemon = await InProcessDaemon.start(options);
  const id = await daemon.addVm('web');
  const vm = daemon.proxy(`/org/banger/vms/${id}`, 'org.banger.VM1');
  assert.equal(await vm.get('State'), 'running');
  daemon.machines.of(id).end(1, null, 'cannot allocate memory\n');
  await until('its end is noticed', async () => (await vm.get('State')) === 'failed');
  assert.match(
    await vm.get('LastError'),
    /^the VMM exited with status 1 .* had said: cannot allocate memory; /,
  );
});

test('a daemon in this process adopts what one that crashed has left', async () => {
  const { bus, options } = await startHome();
  await using _bus = bus;
  const first = await InProcessDaemon.start(options);
  await first.addVm('web');
  await first.crash();
  await using second = await InProcessDaemon.start({ ...options, machines: first.machines });
  (await second.machineOf('web')).end(null, 'SIGSEGV');
  const state = async () => (await second.manager.call('ListVMs'))[0]?.[3];
  await until('the second one notices the end', async () => (await state()) === 'failed');
});
