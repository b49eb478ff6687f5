/** The scripts in the shells themselves: keys are pressed in a terminal, and what stands there then counts. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runProgram } from '../../support/program.ts';
import { Tmux } from '../../support/tmux.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let fixture: Fixture;
let env: NodeJS.ProcessEnv;
let cwd: string;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
  await fixture.daemon.addVm('web-one');
  await fixture.daemon.addVm('db', { start: false });
  const banger = join(fixture.directory, 'bin/banger');
  const main = join(import.meta.dirname, '../../../src/cli/main.ts');
  writeFileSync(banger, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(banger, 0o755);
  cwd = join(fixture.directory, 'cwd');
  mkdirSync(join(cwd, 'a-directory'), { recursive: true });
  writeFileSync(join(cwd, 'a-file'), '');
  env = { ...fixture.env, LC_ALL: 'C.UTF-8' };
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await fixture.run(['completion', shell]);
    writeFileSync(join(fixture.directory, `completion.${shell}`), stdout);
  }
});
after(() => fixture[Symbol.asyncDispose]());

/** What is typed before Tab is pressed, and what stands in the line then. */
const completed: [typed: string, line: string][] = [
  ['banger vm star', 'banger vm start '],
  ['banger vm start w', 'banger vm start web-one '],
  ['banger vm start db ', 'banger vm start db web-one '],
  ['banger vm logs --fol', 'banger vm logs --follow '],
  ['banger vm create --image ', 'banger vm create --image debian-bookworm '],
  ['banger vm create --image=deb', 'banger vm create --image=debian-bookworm '],
  ['banger vm create --network u', 'banger vm create --network user '],
  ['banger vm run a-', 'banger vm run a-directory/'],
  ['banger completion fi', 'banger completion fish '],
  ['banger vm show x', 'banger vm show x'],
];

const setups: [name: string, command: string[], prepare: string][] = [
  ['bash alone', ['bash', '--norc', '--noprofile'], 'source ../completion.bash'],
  [
    'bash with bash-completion',
    ['bash', '--norc', '--noprofile'],
    'source /usr/share/bash-completion/bash_completion; source ../completion.bash',
  ],
  ['zsh', ['zsh', '-f'], 'autoload -Uz compinit && compinit -u -D; source ../completion.zsh'],
  [
    'zsh from a directory of fpath',
    ['zsh', '-f'],
    'mkdir -p ../zfunc; cp ../completion.zsh ../zfunc/_banger; fpath=($PWD/../zfunc $fpath); autoload -Uz compinit && compinit -u -D',
  ],
];

for (const [name, command, prepare] of setups) {
  test(`${name} completes`, async () => {
    await using terminal = await Tmux.open({ env: { ...env, PS1: '> ' }, cwd, command, columns: 300 });
    await terminal.shows(/^>$/m);
    await terminal.enter(`${prepare}; clear; echo prepared`);
    await terminal.shows(/^prepared\n>/m);
    for (const [index, [typed, line]] of completed.entries()) {
      // The mark shows where the cursor is, and that the shell has done with Tab.
      const mark = `%${index}`;
      await terminal.send('C-u', 'C-l', { text: typed }, 'Tab', { text: mark });
      const screen = await terminal.shows(new RegExp(mark));
      const shown = screen.split('\n').find((text) => text.startsWith('> banger')) ?? screen;
      assert.equal(shown, `> ${line}${mark}`, typed);
    }
  });
}

test('zsh lists candidates with what they are', async () => {
  await using terminal = await Tmux.open({ env: { ...env, PS1: '> ' }, cwd, command: ['zsh', '-f'] });
  await terminal.shows(/^>/m);
  await terminal.enter('autoload -Uz compinit && compinit -u -D; source ../completion.zsh; clear');
  await terminal.shows(/^> *\n*$/, 10_000);
  await terminal.type('banger vm show ');
  await terminal.press('Tab');
  const screen = await terminal.shows(/web-one +-- running, debian-bookworm/);
  assert.match(screen, /db +-- stopped, debian-bookworm/);
});

test('fish completes', async () => {
  const complete = async (line: string) => {
    const script = 'source ../completion.fish; complete --do-complete $argv';
    const { status, stdout, stderr } = await runProgram('fish', ['--no-config', '-c', script, line], {
      env,
      cwd,
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    return stdout.toString().split('\n').slice(0, -1).toSorted();
  };
  assert.deepEqual(await complete('banger vm star'), ['start\tBoot stopped VMs']);
  assert.deepEqual(await complete('banger vm start '), [
    'db\tstopped, debian-bookworm',
    'web-one\trunning, debian-bookworm',
  ]);
  assert.deepEqual(await complete('banger vm start db '), ['web-one\trunning, debian-bookworm']);
  assert.deepEqual(await complete('banger vm create --image=deb'), ['--image=debian-bookworm\tkernel fake']);
  assert.deepEqual(await complete('banger vm run a-'), ['a-directory/']);
  assert.deepEqual(await complete('banger vm show x'), []);
  assert.ok((await complete('banger ')).some((line) => line.startsWith('vm\tSandboxes')));
});
