/** guest/run as a login shell of a guest runs it: what it passes on and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';
import { shellQuote } from '../../src/common/shell-quote.ts';
import { guestCommand } from '../../src/ssh/guest-command.ts';
import { runnerWords } from '../../src/ssh/guest-runner.ts';
import type { GuestRun } from '../../src/ssh/guest-script.ts';
import { packVariables } from '../../src/ssh/guest-variables.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const checkout = join(import.meta.dirname, '../..');
const program = join(checkout, 'build/guest/run');
const shells = [['bash'], ['dash'], ['busybox', 'sh'], ['zsh'], ['fish']];
const words = [
  'a b',
  "it's",
  '"',
  '$HOME `id`',
  'new\nline\n',
  '',
  '💥',
  '\\',
  "'\\'",
  '*',
  '-n',
  '--',
  '-e',
  'a=b',
];

before(async () => {
  const args = ['-s', '-f', 'guest/run/run.mk', 'build/guest/run'];
  await run({ file: 'make', args, cwd: checkout, timeoutMs: 120_000 });
});

function lineFor(argv: readonly string[], options: GuestRun = {}): string {
  const line = runnerWords(argv, options, program);
  assert.ok(line);
  return `exec ${line.map(shellQuote).join(' ')}`;
}

async function through(
  shell: readonly string[],
  line: string,
  more: { input?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const [file = '', ...args] = shell;
  return execute({ file, args: [...args, '-c', line], timeoutMs: 20_000, ...more });
}

/** Runs a command with variables as sshd has its shell do it: those that banger sent are in the environment. */
function withVariables(argv: readonly string[], given: readonly string[], cwd?: string, shell = ['bash']) {
  const variables = packVariables(given);
  return through(shell, lineFor(argv, { variables, cwd }), { env: { ...process.env, ...variables } });
}

for (const shell of shells) {
  test(`by ${shell.join(' ')}: exact arguments, streams and statuses`, async () => {
    const tell = [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];
    const told = await through(shell, lineFor([...tell, ...words]));
    assert.deepEqual(JSON.parse(told.stdout), words);
    const streams = await through(shell, lineFor(['sh', '-c', 'cat; echo error >&2; exit 42']), {
      input: 'in\n',
    });
    assert.deepEqual(streams, { status: 42, stdout: 'in\n', stderr: 'error\n' });
    for (const signal of ['INT', 'QUIT', 'TERM', 'KILL', 'SEGV']) {
      const ended = await through(shell, lineFor(['sh', '-c', `ulimit -c 0; kill -${signal} $$; sleep 9`]));
      const number = { INT: 2, QUIT: 3, TERM: 15, KILL: 9, SEGV: 11 }[signal];
      assert.deepEqual(ended, { status: 128 + Number(number), stdout: '', stderr: '' }, signal);
    }
  });
}

test('what is not there or cannot be run gives the status of a shell and one line', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'plain'), 'echo "$0|$1|$#"; exit 6\n', { mode: 0o755 });
  await symlink('loop', join(directory, 'loop'));
  const cases: [string[], number, RegExp][] = [
    [['no such command'], 127, /^no such command: not found\n$/],
    [['./nowhere'], 127, /^\.\/nowhere: not found\n$/],
    [[''], 127, /^: not found\n$/],
    [[join(directory, 'loop')], 127, /not found\n$/],
    [['/etc/passwd'], 126, /^\/etc\/passwd: Permission denied\n$/],
    [['/etc'], 126, /^\/etc: Permission denied\n$/],
    [['A=b'], 127, /not found/],
    [['exit', '3'], 127, /not found/],
  ];
  for (const [argv, status, said] of cases) {
    const ended = await through(['bash'], lineFor(argv));
    assert.equal(ended.status, status, argv.join(' '));
    assert.match(ended.stderr, said);
  }
  const script = await through(['bash'], lineFor([join(directory, 'plain'), 'x y', '']));
  assert.deepEqual([script.status, script.stdout], [6, `${join(directory, 'plain')}|x y|2\n`]);
});

test('a program is looked for as a shell does: along PATH, past what cannot be run', async (t) => {
  const directory = temporaryDirectory(t);
  const [one, two] = [join(directory, 'one'), join(directory, 'two')];
  for (const place of [one, two]) await mkdir(place);
  await writeFile(join(one, 'tool'), '#!/bin/sh\necho one\n', { mode: 0o644 });
  await writeFile(join(two, 'tool'), '#!/bin/sh\necho two\n', { mode: 0o755 });
  const withPath = (PATH: string) => withVariables(['tool'], [`PATH=${PATH}`], two);
  assert.equal((await withPath(`/nowhere:${one}:${two}:/bin`)).stdout, 'two\n');
  assert.equal((await withPath(`${one}:/bin`)).status, 126);
  assert.equal((await withPath('/bin::/nowhere')).stdout, 'two\n');
  assert.equal((await withPath(`/${'x'.repeat(5000)}:${two}`)).stdout, 'two\n');
});

test('variables and a directory, with PWD as a shell has it', async (t) => {
  const directory = temporaryDirectory(t);
  await symlink('/usr', join(directory, 'link'));
  const tell = ['sh', '-c', 'echo "$A|$EMPTY|$A_B"; pwd'];
  const variables = ['A=x  y=$z', 'EMPTY=', 'A_B=1', 'A_B=2'];
  const cwd = join(directory, 'link');
  assert.equal((await withVariables(tell, variables, cwd)).stdout, `x  y=$z||2\n${cwd}\n`);
  const roundabout = await through(['bash'], lineFor(['sh', '-c', 'echo "$PWD"'], { cwd: '/usr/../usr/.' }));
  assert.equal(roundabout.stdout, '/usr\n');
  const nowhere = await through(['bash'], lineFor(['echo', 'ran'], { cwd: "/no such 'place" }));
  assert.deepEqual(
    [nowhere.status, nowhere.stdout, nowhere.stderr],
    [125, '', "/no such 'place: No such file or directory\n"],
  );
});

for (const shell of shells) {
  test(`by ${shell.join(' ')}: a value of any bytes arrives, and no variable of banger's own`, async () => {
    const bytes = String.fromCharCode(...Array.from({ length: 127 }, (_, index) => index + 1));
    const value = `${bytes}é 日本 💥\n`;
    const tell = [process.execPath, '-e', 'console.log(JSON.stringify(process.env))'];
    const told = JSON.parse((await withVariables(tell, [`VALUE=${value}`], undefined, shell)).stdout);
    assert.equal(told.VALUE, value);
    assert.deepEqual(
      Object.keys(told).filter((name) => name.startsWith('BANGER_ENV')),
      [],
    );
  });
}

test('the longest value that a program can have arrives, and 500 variables do', async () => {
  const tell = [process.execPath, '-e', 'console.log(process.env.VALUE.length, process.env.LAST)'];
  const longest = 'x'.repeat(128 * 1024 - 1 - 'VALUE='.length);
  const many = Array.from({ length: 500 }, (_, index) => `A_${index}=${index}`);
  const told = await withVariables(tell, [`VALUE=${longest}`, ...many, 'LAST=one']);
  assert.equal(told.stdout, `${longest.length} one\n`);
});

test('what the loader reads is for the command alone', async () => {
  const tell = ['sh', '-c', 'echo "$LD_PRELOAD|$LD_LIBRARY_PATH"'];
  const told = await withVariables(tell, ['LD_PRELOAD=/no/such.so', 'LD_LIBRARY_PATH=/nowhere']);
  assert.equal(told.stdout, '/no/such.so|/nowhere\n');
  // Of the command's loader alone, and neither of the login shell's nor of ours.
  assert.equal(told.stderr.match(/such\.so/g)?.length, 1, told.stderr);
});

test('parts that are missing or malformed end the run before the command', async () => {
  const cases: [string, NodeJS.ProcessEnv][] = [
    ['2', { BANGER_ENV_0: 'QT1iAA' }],
    ['1', { BANGER_ENV_0: 'QT1iAA!' }],
    ['1', { BANGER_ENV_0: 'QUIA' }],
    ['0', {}],
    ['1x', { BANGER_ENV_0: 'QT1iAA' }],
    ['9999', { BANGER_ENV_0: 'QT1iAA' }],
  ];
  for (const [parts, env] of cases) {
    const line = `exec ${program} sh -E ${parts} -- echo ran`;
    const { status, stdout, stderr } = await through(['dash'], line, { env: { ...process.env, ...env } });
    assert.deepEqual([status, stdout], [125, ''], parts);
    assert.match(stderr, /did not arrive whole/);
  }
});

test('an interrupt is the program’s: it may go on, and what was ignored stays ignored', async () => {
  const script =
    'trap "echo caught" INT; echo ready; while ! [ "$n" = 2 ]; do n=$((n + 1)); sleep 1; done; exit 7';
  const child = spawn(program, ['x', '--', 'sh', '-c', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (said === '') process.kill(-Number(child.pid), 'SIGINT');
    said += chunk.toString();
  });
  assert.deepEqual(await once(child, 'close'), [7, null]);
  assert.equal(said, 'ready\ncaught\n');
  const mask = ['sed', '-n', '/^Sig[BIC]/p', '/proc/self/status'];
  // What the tests were started with counts for both.
  const direct = mask.map((word) => `'${word}'`).join(' ');
  for (const before of ['', "trap '' INT; "]) {
    const expected = (await through(['dash'], `${before}exec ${direct}`)).stdout;
    assert.match(expected, before === '' ? /^SigIgn:\t[0-9a-f]+0$/m : /^SigIgn:\t[0-9a-f]+2$/m);
    assert.equal((await through(['dash'], before + lineFor(mask))).stdout, expected);
  }
});

test('a command too long for both ways, or with a time limit, is for the shell', () => {
  assert.match(
    guestCommand(['true']),
    /^test -x \/run\/banger\/run && exec '\/run\/banger\/run' 'sh' '--' 'true'; exec 'sh' /,
  );
  assert.match(guestCommand(['echo', 'x'.repeat(70_000)]), /^exec 'sh' /);
  assert.match(guestCommand(['true'], { timeout: { ms: 1000, token: 't' } }), /^exec 'sh' /);
});

test('no line for a guest has a value of a variable', () => {
  const variables = packVariables(['NAME=canary']);
  for (const run of [
    { variables },
    { variables, timeout: { ms: 1000, token: 't' } },
    { variables, cwd: '/x' },
  ]) {
    const line = guestCommand(['true'], run);
    assert.doesNotMatch(line, /canary|NAME=/);
    assert.ok(!line.includes(variables.BANGER_ENV_0 ?? ''));
  }
});

for (const shell of shells) {
  test(`by ${shell.join(' ')}: where the sshd kept the variables away, the command does not run`, async () => {
    const line = guestCommand(['echo', 'ran'], { variables: packVariables(['A=b']) });
    const { status, stdout, stderr } = await through(shell, line);
    assert.deepEqual([status, stdout], [125, '']);
    assert.match(stderr, /^the sshd of this guest accepts no variables: restart the VM/);
  });
}

test('variables that no program can have are refused by name', () => {
  assert.throws(() => packVariables([`TOKEN=${'x'.repeat(128 * 1024 - 6)}`]), /TOKEN is longer than 128 KiB/);
  assert.throws(() => packVariables(['TOKEN=a\0B=c']), /TOKEN cannot hold a NUL/);
  const each = `=${'x'.repeat(100_000)}`;
  assert.throws(() => packVariables(Array.from({ length: 8 }, (_, index) => `A${index}${each}`)), {
    code: 'InvalidArgs',
  });
});
