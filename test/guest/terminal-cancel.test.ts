/** What Ctrl-C and a terminal that vanishes leave of a VM that is being made, through a real terminal. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stageText } from '../../src/cli/output/stage-names.ts';
import { createProcedure } from '../../src/vm/create.ts';
import { startProcedure } from '../../src/vm/start/start.ts';
import { until } from '../support/program.ts';
import { commitAll, makeRepository } from '../support/repository.ts';
import { openTinyHome } from '../support/tiny/home.ts';
import type { TmuxOptions } from '../support/tmux.ts';
import { bootMs, openTerminal, settings, small } from './support/terminal.ts';

const home = await openTinyHome();
const stages = [...createProcedure.steps, ...startProcedure.steps].map(({ name }) => name);
/** Of root, by whatever shell. */
const guestPrompt = /~ ?# *\n*$/;
const open = (options?: Partial<TmuxOptions>) => openTerminal(home, options);

test('Ctrl-C at each stage takes the VM back and leaves the terminal as it was', async (t) => {
  await using terminal = await open({ rows: 50 });
  const before = await settings(terminal);
  for (const [index, stage] of stages.entries()) {
    await terminal.clear();
    const prompts = await terminal.promptCount();
    const command = index % 2 === 0 ? 'create' : 'run';
    await terminal.enter(`banger vm ${command} --name cut ${small}`);
    // A stage may be over before anybody sees it; then the next one will do.
    const texts = stages.slice(index).map((name) => stageText(name));
    await terminal.shows(new RegExp(`^\\S (${texts.join('|')})`, 'm'), bootMs);
    await terminal.press('C-c');
    const { status, shown } = await terminal.prompted(prompts);
    assert.equal(status, 130, shown);
    const cut = /✗ (.*?) [\d.]+s$/m.exec(shown)?.[1] ?? 'between stages';
    t.diagnostic(`pressed when it showed ${stageText(stage)}, cut while ${cut}`);
    assert.deepEqual(await home.names(), []);
  }
  assert.equal(await settings(terminal), before);
});

test('Ctrl-C while the workspace is prepared takes the VM back', async (t) => {
  const repository = await makeRepository(t);
  writeFileSync(join(repository, 'hello'), 'from the host\n');
  await commitAll(repository, 'first');
  await using terminal = await open();
  const prompts = await terminal.promptCount();
  await terminal.enter(`banger vm run --name cut ${small} '${repository}'`);
  await terminal.shows(/workspace: reading the repository/, bootMs);
  await terminal.press('C-c');
  const { status, shown } = await terminal.prompted(prompts);
  assert.equal(status, 130, shown);
  assert.deepEqual(await home.names(), []);
});

test('a second Ctrl-C exits at once, and the daemon undoes the unfinished work', async () => {
  await using terminal = await open();
  const before = await settings(terminal);
  const prompts = await terminal.promptCount();
  await terminal.enter(`banger vm run --name cut ${small}`);
  await terminal.shows(/booting the guest/, bootMs);
  const { pid } = await home.daemon();
  // It cannot undo anything before the second Ctrl-C.
  process.kill(pid, 'SIGSTOP');
  try {
    await terminal.press('C-c');
    await terminal.shows(/cancelling; press Ctrl-C again/);
    await terminal.press('C-c');
    const { status, shown } = await terminal.prompted(prompts);
    assert.equal(status, 130, shown);
    assert.match(shown, /^banger: left at once/m);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  assert.equal(await settings(terminal), before);
  await until('the VM is gone', async () => (await home.names()).length === 0);
});

test('a terminal that vanishes takes the VM of vm run --rm along, and one that was being made', async () => {
  {
    await using terminal = await open();
    await terminal.enter(`banger vm run --rm --name gone ${small}`);
    await terminal.shows(guestPrompt, bootMs);
    await terminal.close();
  }
  await until('the VM is gone', async () => (await home.names()).length === 0);
  for (const options of ['--rm', '']) {
    await using terminal = await open();
    await terminal.enter(`banger vm run ${options} --name gone ${small}`);
    await terminal.shows(/booting the guest/, bootMs);
    await terminal.close();
    await until('the VM is gone', async () => (await home.names()).length === 0);
  }
});

test('nothing is left', async () => {
  await home.close();
});
