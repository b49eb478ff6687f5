import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { shellQuote } from '../../src/common/shell-quote.ts';
import { guestCommand } from '../../src/ssh/guest-command.ts';

const nasty = [
  'a b',
  "it's",
  '"quoted"',
  '$HOME `id` $(id)',
  'new\nline\n',
  '',
  'é 日本 💥',
  '\\',
  '\\\\n',
  "'\\'",
  "\\'\\",
  '*',
  '!x',
  '-n',
  '--',
  '~',
  '#',
  'a=b',
  '\u0001\u007f',
  'trail\\',
];
const tellArguments = [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];
const shells = [['sh'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']];

/** Without the start-up file of whoever runs the tests, which bash reads where its input is a socket as sshd's is. */
async function ssh([file = '', ...args]: readonly string[], command: string, input = '') {
  const env = { ...process.env, HOME: '/nonexistent' };
  return execute({ file, args: [...args, '-c', command], input, env, timeoutMs: 20_000 });
}

for (const shell of shells) {
  test(`${shell.join(' ')} gives a program exactly its arguments`, async () => {
    const outcome = await ssh(shell, guestCommand([...tellArguments, ...nasty]));
    assert.deepEqual(JSON.parse(outcome.stdout), nasty);
    assert.equal(outcome.stderr, '');
  });

  test(`${shell.join(' ')} gives the status, and nothing else to stderr`, async () => {
    const script = (text: string) => ['sh', '-c', text];
    const cases: [string[], number][] = [
      [['true'], 0],
      [script('exit 1'), 1],
      [script('exit 42'), 42],
      [script('kill -KILL $$'), 137],
      [script('kill -TERM $$'), 143],
      [script('kill -INT $$'), 130],
    ];
    for (const [argv, status] of cases) {
      assert.deepEqual(
        await ssh(shell, guestCommand(argv)),
        { status, stdout: '', stderr: '' },
        argv.join(' '),
      );
    }
  });

  test(`${shell.join(' ')} interprets nothing`, async () => {
    for (const argv of [['exit', '3'], ['A=b'], ['cd', '/'], [':'], ['no such command']]) {
      assert.equal((await ssh(shell, guestCommand(argv))).status, 127, argv.join(' '));
    }
    assert.equal((await ssh(shell, guestCommand(['/etc/passwd']))).status, 126);
  });
}

test('a program reads its standard input and writes to both outputs', async () => {
  const outcome = await ssh(['sh'], guestCommand(['sh', '-c', 'cat; echo error >&2']), 'input\n');
  assert.deepEqual(outcome, { status: 0, stdout: 'input\n', stderr: 'error\n' });
});

test('a program runs where it is told to, or not at all', async () => {
  assert.equal((await ssh(['sh'], guestCommand(['pwd'], { cwd: '/usr' }))).stdout, '/usr\n');
  const outcome = await ssh(['sh'], guestCommand(['echo', 'ran'], { cwd: "/no such 'place" }));
  assert.deepEqual([outcome.status, outcome.stdout], [125, '']);
});

test('what no command line holds is refused', () => {
  assert.throws(() => guestCommand([]), { code: 'InvalidArgs' });
  assert.throws(() => guestCommand(['']), { code: 'InvalidArgs' });
  assert.throws(() => guestCommand(['a', 'b\0c']), { code: 'InvalidArgs' });
  assert.throws(() => guestCommand(['echo', 'x'.repeat(131_000)]), { code: 'InvalidArgs' });
  assert.ok(guestCommand(['echo', 'x'.repeat(130_000)]));
});

test('a quoted word is one word', async () => {
  for (const word of nasty) {
    const outcome = await execute({
      file: 'sh',
      args: ['-c', `printf %s ${shellQuote(word)}`],
      timeoutMs: 20_000,
    });
    assert.equal(outcome.stdout, word);
  }
});
