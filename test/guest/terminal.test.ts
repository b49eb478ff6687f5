/** Interactive use, through a real terminal: keys are pressed in tmux, and what its window shows counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stageText } from '../../src/cli/output/stage-names.ts';
import { createProcedure } from '../../src/vm/create.ts';
import { startProcedure } from '../../src/vm/start/start.ts';
import { openGuestHome } from '../support/guest-home.ts';
import { processesOf } from '../support/home.ts';
import { until } from '../support/program.ts';
import type { Tmux, TmuxOptions } from '../support/tmux.ts';
import { bootMs, openTerminal, settings, small } from './support/terminal.ts';

const home = await openGuestHome();
const guestPrompt = (name: string) => new RegExp(`root@${name}:\\S*# *\\n*$`);
const stages = [...createProcedure.steps, ...startProcedure.steps].map(({ name }) => name);

const open = (options?: Partial<TmuxOptions>) => openTerminal(home, options);

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

/** Presses a key again and again: between two commands a shell lets go by what is pressed. */
async function pressUntil(terminal: Tmux, key: string, shown: RegExp): Promise<void> {
  await until(`${key} shows`, async () => {
    await terminal.press(key);
    await sleep(1_000);
    return shown.test(await terminal.screen());
  });
}

test('vm run: live stages, a shell whose keys and size are its own, and a reminder', async () => {
  await using terminal = await open();
  const before = await settings(terminal);
  const prompts = await terminal.promptCount();
  await terminal.enter(`banger vm run --name term ${small}`);
  await terminal.shows(guestPrompt('term'), bootMs);
  const made = await terminal.history();
  assert.match(made, /^spec: 1 vcpu · 512 MiB · 8G disk$/m);
  // What comes first may be over before the CLI knows which job to look at.
  for (const stage of stages.slice(1)) assert.ok(made.includes(`✓ ${stageText(stage)} `), stage);

  await terminal.enter('echo "<$(uname -n)>" grün 日本; stty size');
  await terminal.shows(/<term> grün 日本\n24 80\n/);
  await terminal.resize(100, 30);
  await until('the guest knows the new size', async () => {
    await terminal.enter('stty size');
    return /^30 100$/m.test(await terminal.screen());
  });
  await terminal.resize(80, 24);

  // What is typed ahead would go with Ctrl-C: each answer is waited for.
  await terminal.enter('echo sleeping; sleep 600');
  await terminal.shows(/^sleeping$/m);
  await pressUntil(terminal, 'C-c', guestPrompt('term'));
  await terminal.enter('echo interrupted $?');
  await terminal.shows(/^interrupted 130$/m);
  await terminal.enter('echo again; sleep 600');
  await terminal.shows(/^again$/m);
  await pressUntil(terminal, 'C-z', /Stopped .*sleep 600/);
  await terminal.enter('kill %1; wait; echo killed');
  await terminal.shows(/^killed\n[\s\S]*# *\n*$/m);
  await terminal.press('C-d');
  const { status, shown } = await terminal.prompted(prompts);
  assert.equal(status, 0, shown);
  assert.match(shown, /^banger: term still runs: return with `banger vm ssh term`/m);
  assert.equal(await settings(terminal), before);
  assert.equal((await home.show('term')).state, 'running');
});

test('vm ssh: an ssh that is killed leaves the terminal as it was', async () => {
  await using terminal = await open();
  const before = await settings(terminal);
  const prompts = await terminal.promptCount();
  await terminal.enter('banger vm ssh term');
  await terminal.shows(guestPrompt('term'), bootMs);
  const clients = sshClients();
  assert.equal(clients.length, 1);
  for (const pid of clients) process.kill(pid, 'SIGKILL');
  const { status, shown } = await terminal.prompted(prompts);
  assert.equal(status, 137, shown);
  assert.equal(await settings(terminal), before);
});

test('a terminal that vanishes takes its session along and leaves the VM', async () => {
  await using terminal = await open();
  await terminal.enter('banger vm ssh term');
  await terminal.shows(guestPrompt('term'), bootMs);
  await terminal.close();
  await until('the session is over', () => sshClients().length === 0);
  assert.equal((await home.show('term')).state, 'running');
});

test('lists and help fit into 40, 80 and 200 columns, in colours unless they are not wanted', async () => {
  for (const columns of [40, 80, 200]) {
    await using terminal = await open({ columns, rows: 50 });
    const { shown } = await terminal.run('banger vm list');
    assert.ok(widest(shown) <= columns, shown);
    assert.match(shown, /^NAME +STATE .*\nterm +running /);
    assert.equal(shown.includes('127.'), columns >= 80, 'the address has room from 80 columns on');
    const coloured = await terminal.screen({ escapes: true });
    assert.match(coloured, /\[32mrunning/);
    for (const line of ['--help', 'vm list --help', 'vm --help']) {
      const help = (await terminal.run(`banger ${line}`)).shown;
      const prose = help.split('\n').filter((text) => !/^ {2}(#|banger )/.test(text));
      assert.ok(widest(prose.join('\n')) <= columns, help);
    }
    await terminal.clear();
    for (const setting of ['NO_COLOR=1', 'TERM=dumb']) {
      const plain = await terminal.run(`${setting} banger vm list`);
      assert.match(plain.shown, /term +running/);
    }
    assert.ok(!(await terminal.screen({ escapes: true })).includes('\u001b['), 'colours that nobody wants');
    const narrow = await terminal.run('COLUMNS=40 banger vm list');
    assert.ok(widest(narrow.shown) <= 40, narrow.shown);
  }
});

test('vm list --watch follows what happens to VMs and its window, until Ctrl-C', async () => {
  await using terminal = await open();
  const before = await settings(terminal);
  const prompts = await terminal.promptCount();
  await terminal.enter('banger vm list --watch');
  await terminal.shows(/^NAME .*\nterm +running .* \d+[smh]$/m);
  await home.banger('vm', 'create', '--no-start', '--name', 'another');
  await terminal.shows(/^another +stopped /m);
  await terminal.resize(40, 10);
  const narrow = await terminal.shows(/^NAME +STATE +IMAGE +VCPU +MEMORY\nanother/m);
  assert.ok(widest(narrow) <= 40);
  await home.banger('vm', 'delete', '--yes', 'another');
  await terminal.shows(/^NAME.*\nterm /m);
  await terminal.resize(80, 24);
  await terminal.press('C-c');
  const { status } = await terminal.prompted(prompts);
  assert.equal(status, 130);
  assert.equal(await settings(terminal), before);
});

test('a guest that is powered off from its shell is not said to run', async () => {
  await using terminal = await open();
  const prompts = await terminal.promptCount();
  await home.systemIsRunning('term');
  await terminal.enter('banger vm ssh term');
  await terminal.shows(guestPrompt('term'), bootMs);
  await terminal.enter('poweroff; exit');
  const { status, shown } = await terminal.prompted(prompts);
  assert.equal(status, 0, shown);
  assert.match(shown, /^banger: term is stopped: `banger vm start term` boots it/m);
  assert.doesNotMatch(shown, /still runs|broke/);
});

test('stages: plain lines on a dumb terminal, ASCII in the C locale, one line each in 40 columns', async () => {
  await using terminal = await open({ columns: 40, rows: 50 });
  const dumb = await terminal.run('TERM=dumb banger vm start term', bootMs);
  assert.equal(dumb.status, 0, dumb.shown);
  const startStages = startProcedure.steps.map(({ name }) => name);
  for (const stage of startStages) assert.match(dumb.shown, new RegExp(`^stage ${stage}$`, 'm'));
  assert.doesNotMatch(dumb.shown, /✓/);
  const ascii = await terminal.run('LC_ALL=C banger vm stop term', bootMs);
  assert.equal(ascii.status, 0, ascii.shown);
  assert.match(ascii.shown, /^\+ asking the guest to power off [\d.]+s$/m);
  const live = await terminal.run('banger vm start term', bootMs);
  const lines = live.shown.split('\n').filter((line) => line !== '');
  assert.equal(lines.length, startStages.length + 1, live.shown);
  assert.ok(widest(live.shown) <= 40, live.shown);
});

test('vm delete asks, and only y is a yes', async () => {
  await using terminal = await open();
  const prompts = await terminal.promptCount();
  await terminal.enter('banger vm delete --force term');
  await terminal.shows(/Delete term and everything on the disks\? \[y\/N\]$/m);
  await terminal.enter('n');
  const refused = await terminal.prompted(prompts);
  assert.equal(refused.status, 1);
  assert.match(refused.shown, /nothing was deleted/);
  assert.deepEqual(await home.names(), ['term']);
  await terminal.enter('banger vm delete --force term');
  await terminal.shows(/\[y\/N\] *\n*$/);
  await terminal.press('C-c');
  assert.equal((await terminal.prompted(prompts + 1)).status, 130);
  await terminal.enter('banger vm delete --force term');
  await terminal.shows(/\[y\/N\] *\n*$/);
  await terminal.enter('y');
  const deleted = await terminal.prompted(prompts + 2);
  assert.equal(deleted.status, 0, deleted.shown);
  assert.match(deleted.shown, /^term deleted$/m);
  assert.deepEqual(await home.names(), []);
});

test('nothing is left', async () => {
  await home.close();
});

/** The ssh clients of sessions in this home: each has the known_hosts file of its VM among its arguments. */
function sshClients(): number[] {
  return processesOf(home.directories[0])
    .filter(({ commandLine }) => commandLine.startsWith('ssh ') && commandLine.includes('/known_hosts'))
    .map(({ pid }) => pid);
}
