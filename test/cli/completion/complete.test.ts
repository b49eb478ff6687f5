import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeVm } from '../../support/vm.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
});
after(() => fixture[Symbol.asyncDispose]());

test('malformed is answered with nothing', async () => {
  for (const words of [
    [],
    ['='],
    ['x'],
    ['=\u001b', 'vm'],
    ['=', '\n', '--', '--'],
    ['=--x=', 'vm', 'run'],
  ]) {
    const { status, stderr } = await fixture.run(['__complete', ...words]);
    assert.deepEqual([status, stderr], [0, '']);
  }
});

test('completion prints a script for each shell and refuses others', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { status, stdout } = await fixture.run(['completion', shell]);
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^#.*\n(#.*\n)*# For all sessions to come|bash-completion, for all sessions to come/,
    );
    assert.match(stdout, /banger __complete /);
  }
  const { status, stderr } = await fixture.run(['completion', 'tcsh']);
  assert.equal(status, 2);
  assert.match(stderr, /^banger: no completion for tcsh; there are bash, zsh, fish, powershell; see/);
});

// There is no PowerShell on the machines that test this: what can be seen without one is that the script is
// whole and hands over what the others do.
test('the PowerShell script is balanced and passes the word at the cursor behind an equals sign', async () => {
  const { stdout } = await fixture.run(['completion', 'powershell']);
  const code = stdout.replace(/^#.*$/gm, '').replace(/"[^"]*"|'[^']*'/g, '""');
  for (const [open, close] of ['{}', '()', '[]']) {
    assert.equal(code.split(open ?? '').length, code.split(close ?? '').length, `${open}${close}`);
  }
  assert.match(stdout, /Register-ArgumentCompleter -Native -CommandName banger -ScriptBlock \{/);
  assert.match(stdout, /& banger __complete "=\$wordToComplete" @before 2>\$null/);
  assert.match(stdout, /-split "`t", 2/);
});

test('live names come with what they are', async () => {
  await fixture.daemon.addVm('web');
  await fixture.daemon.addVm('db', { start: false });
  const { status, stdout, stderr } = await fixture.run(['__complete', '=', 'vm', 'start']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(stdout, 'web\trunning, debian-bookworm\ndb\tstopped, debian-bookworm\n');
  const rest = await fixture.run(['__complete', '=', 'vm', 'start', 'web']);
  assert.equal(rest.stdout, 'db\tstopped, debian-bookworm\n');
});

test('a name that a shell could make something of is not offered', async () => {
  const names = ['web', '$(id)', 'a b', 'x;y', '-f', "'", '\u001b[31m'];
  await fixture.renew({
    record: (vms) => {
      for (const [index, name] of names.entries()) vms.add(makeVm({ id: `a12345678${index}`, name }));
    },
  });
  assert.equal((await fixture.daemon.vmNames()).length, names.length);
  const { stdout } = await fixture.run(['__complete', '=', 'vm', 'show']);
  assert.equal(stdout, 'web\tstopped, debian-bookworm\n');
});

test('a daemon that does not answer does not delay completion', async () => {
  fixture.daemon.hang();
  const began = performance.now();
  const { status, stdout, stderr } = await fixture.run(['__complete', '=', 'vm', 'start']);
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
  assert.ok(performance.now() - began < 10_000);
});

test('without a daemon there are no names, no words and no daemon afterwards', async () => {
  await fixture.daemon.crash();
  for (const env of [{}, { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }]) {
    const { status, stdout, stderr } = await fixture.run(['__complete', '=', 'vm', 'start'], { env });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
  assert.equal((await fixture.run(['daemon', 'status'])).status, 1);
});
