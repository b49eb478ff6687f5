import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandType } from '../../src/cli/command.ts';
import { type CommandEntry, commands, groups } from '../../src/cli/commands.ts';
import { listOptions } from '../../src/cli/parser.ts';
import { userPaths } from '../../src/common/paths.ts';
import { runProgram } from '../support/program.ts';
import { assertOneLine, inHome, tellCount } from './support.ts';

/** A command as its help describes it. */
interface Described {
  entry: CommandEntry;
  type: CommandType;
  /** Arguments that must be there. */
  required: number;
  /** Whether it takes any number of them. */
  variadic: boolean;
  options: { names: string[]; hasValue: boolean }[];
}

const described = await Promise.all(commands.map(describe));
const dispatcher = join(import.meta.dirname, 'dispatcher.ts');

/** A command line that cannot be meant, and what must be said of it. */
type Misuse = [args: readonly string[], says: RegExp];

/** Shows that each is refused as wrong usage before anything is asked of, or started for, anybody. */
async function assertMisused(misuses: readonly Misuse[]): Promise<void> {
  await inHome(async ({ env }) => {
    const input = JSON.stringify(misuses.map(([args]) => args));
    const { status, stdout, stderr } = await runProgram(process.execPath, [dispatcher], { env, input });
    assert.equal(status, 0, stderr);
    const outcomes: { status: number; stdout: Buffer; stderr: string }[] = JSON.parse(stdout.toString());
    assert.equal(outcomes.length, misuses.length);
    for (const [index, [args, says]] of misuses.entries()) {
      const outcome = outcomes[index];
      assert.ok(outcome);
      assertOneLine(outcome, { args, status: 2, says });
    }
    assert.equal(existsSync(userPaths(env).state), false, 'a daemon was started');
  });
}

async function describe(entry: CommandEntry): Promise<Described> {
  const { default: type } = await entry.load();
  const synopsis = type.help.synopsis.replace(/\[?-- .*$/, '').replace(/\[[^\]]*\]/g, '');
  const words = synopsis.split(' ').filter((word) => /^[A-Z]/.test(word));
  const options = listOptions(type).map(({ definition }) => ({
    names: definition.replace(/ #\d+/g, '').split(','),
    hasValue: / #\d/.test(definition),
  }));
  return {
    entry,
    type,
    required: words.length,
    variadic: type.help.synopsis.replace(/ ?\[?-- .*$/, '').includes('…'),
    options,
  };
}

/** What a command that is otherwise right needs before what is wrong with it. */
function rightArguments({ entry, required }: Described): string[] {
  return [...entry.path, ...Array.from({ length: required }, () => 'web')];
}

test('an unknown flag, long, short and abbreviated, on every command', async () => {
  const flags = ['--no-such-flag', '-Q', '--jso'];
  const says = /unknown option .*see `banger .* --help`$/;
  await assertMisused(
    described.flatMap((command) => flags.map((flag): Misuse => [[...rightArguments(command), flag], says])),
  );
});

test('a missing argument of every command that takes one', async () => {
  const demanding = described.filter(({ required }) => required > 0);
  assert.ok(demanding.length >= 8);
  const says = /; see `banger .* --help`$/;
  const guests = demanding.filter(({ type }) => type.takesGuestCommand);
  await assertMisused([
    ...demanding.map(({ entry }): Misuse => [entry.path, says]),
    ...guests.map(({ entry }): Misuse => [[...entry.path, '--', 'ls'], says]),
  ]);
});

test('a surplus argument of every command that takes no more', async () => {
  const strict = described.filter(({ variadic }) => !variadic);
  assert.ok(strict.length >= 10);
  await assertMisused(
    strict.map(({ entry }): Misuse => [[...entry.path, ...'abcdefgh'], /unexpected argument [a-h]; /]),
  );
});

test('something after -- of every command that runs nothing in a guest', async () => {
  const others = described.filter(({ type }) => !type.takesGuestCommand);
  await assertMisused(
    others.map(
      (command): Misuse => [[...rightArguments(command), '--', 'ls'], /nothing may follow -- here; /],
    ),
  );
});

test('every option: without its value, or with one that it does not take', async () => {
  const misuses = described.flatMap((command) =>
    command.options.flatMap(({ names, hasValue }) =>
      names.flatMap((name): Misuse[] => {
        const words = rightArguments(command);
        if (hasValue) return [[[...words, name], /needs a value; /]];
        return name.startsWith('--') ? [[[...words, `${name}=yes`], /takes no value; /]] : [];
      }),
    ),
  );
  assert.ok(misuses.length > 20);
  await assertMisused(misuses);
});

test('unknown commands and groups, and groups without a command', async () => {
  const unknown = ['', 'vn', 'VM', '../vm', 'vm run', 'constructor', '__proto__', 'naïve', 'x'.repeat(300)];
  const wrong = ['nope', 'LIST', '', '--nope'];
  await assertMisused([
    ...unknown.map((word): Misuse => [[word], /unknown command .*; see/]),
    ...Object.keys(groups).flatMap((group): Misuse[] => [
      [[group], /which .* command\? .*; see/],
      ...wrong.map((word): Misuse => [[group, word], /unknown .*; see|which .* command/]),
    ]),
    [['--nope'], /unknown option --nope; /],
    [['help', 'nope'], /unknown command nope; /],
    [['nope', '--help'], /unknown command nope; /],
  ]);
});

/** Never a size. */
const badSizes = [
  '',
  ' ',
  '-1',
  '-2G',
  '0',
  '0G',
  '1.5G',
  '.5G',
  '1024',
  'G',
  'abc',
  '1X',
  '1GG',
  '1e9G',
  '0x10G',
  '٣G',
  'NaN',
  'Infinity',
  '1,5G',
  '2 G 3',
  '99999999999999999999G',
  '9999P',
  '2GB/s',
  '2G;reboot',
  '--',
];
/** Never a count. */
const badCounts = [
  '',
  ' ',
  '-1',
  '0',
  '00',
  '1.5',
  '2x',
  'four',
  '1e2',
  '99999999',
  '0x2',
  '+2',
  '２',
  'NaN',
  '2 ',
];

test('every size and count that cannot be, on every command that takes one', async () => {
  const sized: [string, readonly string[]][] = [
    ['--memory', badSizes],
    ['--disk-size', badSizes],
    ['--vcpu', badCounts],
    ['--timeout', badCounts],
    ['--lines', badCounts],
    ['--runs', badCounts],
  ];
  // Those of a guest's command take durations; see below.
  const misuses = described
    .filter(({ entry }) => entry.path.join(' ') !== 'vm exec')
    .flatMap((command) =>
      sized
        .filter(([name]) => command.options.some(({ names }) => names.includes(name)))
        .flatMap(([name, values]) =>
          values.map((value): Misuse => {
            return [[...rightArguments(command), `${name}=${value}`], new RegExp(`^banger: ${name}[ :]`)];
          }),
        ),
    );
  assert.ok(misuses.length > 100);
  await assertMisused(misuses);
});

test('durations that cannot be', async () => {
  const bad = ['', '0', '-1s', '5 ', '1.5s', 's', '1x', '9999999d', '1e3s', 'for ever'];
  await assertMisused(
    bad.map((value): Misuse => {
      return [['vm', 'exec', 'web', `--timeout=${value}`, '--', 'true'], /^banger: --timeout[ :]/];
    }),
  );
});

test('the count of cases', (t) => tellCount(t));
