/** The example of the documentation, which is a client in another language, on the real daemon. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { runProgram } from '../support/program.ts';
import { openTinyHome } from '../support/tiny/home.ts';

const home = await openTinyHome();

/** Runs the example as a user does who has been told the address of the bus. */
async function example(...args: string[]) {
  const { bus_address: address } = await home.daemon();
  const env = { ...home.env, DBUS_SESSION_BUS_ADDRESS: address };
  const ended = await runProgram(join(checkout, 'docs/examples/watch-a-vm.py'), args, { env });
  return { ...ended, lines: ended.stdout.toString().trim().split('\n') };
}

test('a client in Python makes a VM, hears all of it, and deletes it', async () => {
  // Somebody must have started the daemon, and with it the bus whose address is told.
  assert.deepEqual(await home.names(), []);
  const { status, lines, stderr } = await example('snake', 'memory=536870912', 'vcpus=1', 'ephemeral=true');
  assert.equal(status, 0, stderr);
  const [, vm] =
    lines.map((line) => /^added (\/org\/banger\/vms\/\w+) org\.banger\.VM1$/.exec(line)).find(Boolean) ?? [];
  assert.ok(vm, lines.join('\n'));
  const said = (text: string) => {
    const index = lines.indexOf(text);
    assert.ok(index >= 0, `${text} is not in\n${lines.join('\n')}`);
    return index;
  };
  const jobs = lines.flatMap(
    (line) => /^added (\/org\/banger\/jobs\/\d+) org\.banger\.Job1$/.exec(line)?.[1] ?? [],
  );
  const [create, remove] = jobs;
  assert.equal(jobs.length, 2);
  const order = [
    `added ${vm} org.banger.VM1`,
    `added ${create} org.banger.Job1`,
    `changed ${create} Stage disks`,
    `changed ${vm} State starting`,
    `changed ${create} Stage boot`,
    `changed ${vm} State running`,
    `changed ${create} State done`,
    `ended ${create} done -`,
    'state running',
    `added ${remove} org.banger.Job1`,
    `changed ${vm} State deleting`,
    `removed ${vm} org.banger.VM1`,
    `ended ${remove} done -`,
    'gone org.banger.Error.NoSuchVM',
  ];
  assert.deepEqual(
    order.map(said),
    order.map(said).sort((a, b) => a - b),
    lines.join('\n'),
  );
  assert.match(lines.find((line) => line.startsWith('ssh ')) ?? '', /^ssh root 127\.\d+\.\d+\.\d+ \d+$/);
  assert.deepEqual(await home.names(), []);
});

test('a refused call raises one sentence, without a traceback', async () => {
  const cases: [string[], RegExp][] = [
    [['Not_A_Name'], /^"Not_A_Name" cannot name a VM; .*\n$/],
    [['snake', 'colour=red'], /^unknown option "colour"; this call takes: image, /],
    [['snake', 'memory=1'], /^memory .* is out of range.*; .*\n$/],
  ];
  for (const [args, says] of cases) {
    const { status, stderr } = await example(...args);
    assert.equal(status, 1);
    assert.match(stderr, says);
    assert.equal(stderr.split('\n').length, 2, stderr);
  }
  assert.deepEqual(await home.names(), []);
});

test('nothing is left', async () => {
  await home.close();
});
