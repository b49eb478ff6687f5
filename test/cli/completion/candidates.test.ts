import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands.ts';
import { type Candidate, offerFor } from '../../../src/cli/completion/candidates.ts';
import { findHint } from '../../../src/cli/completion/hints.ts';

const live: Record<'vm' | 'image' | 'kernel', readonly Candidate[]> = {
  vm: [
    ['web', 'running, debian-bookworm'],
    ['db', 'stopped, debian-bookworm'],
  ],
  image: [['debian-bookworm', 'kernel debian']],
  kernel: [['debian', '6.1']],
};

/** What is offered for a line; the word at the cursor is what stands behind its last blank. */
async function offer(line: string) {
  const words = line.split(' ');
  const current = words.pop() ?? '';
  const { candidates, files } = await offerFor(words, current, async (kind) => live[kind]);
  return [...candidates.map(([value]) => value), ...(files ? [`:${files}`] : [])];
}

const cases: [line: string, offered: string[]][] = [
  ['v', ['vm', 'version']],
  ['vm st', ['start', 'stats', 'stop']],
  ['help vm sho', ['show']],
  ['help vm show ', []],
  ['vm malformed ', []],
  ['malformed ', ['--help']],
  ['vm start ', ['web', 'db']],
  ['vm start web ', ['db']],
  ['vm start web db ', []],
  ['vm start w', ['web']],
  ['vm show ', ['web', 'db']],
  ['vm show web ', ['--json', '--help']],
  ['vm ls --', ['--watch', '--quiet', '--json', '--help']],
  ['vm ls -q --', ['--watch', '--json', '--help']],
  ['vm delete -yf -', ['--help']],
  ['vm delete --force -', ['-y', '--yes', '--help']],
  ['vm stop --timeout ', []],
  ['vm stop --timeout 10 w', ['web']],
  ['vm stop --timeout=10 w', ['web']],
  ['vm stop -- ', []],
  ['vm create --image ', ['debian-bookworm']],
  ['vm create --image=', ['--image=debian-bookworm']],
  ['vm create --image=d', ['--image=debian-bookworm']],
  ['vm create --network ', ['auto', 'user', 'bridge', 'none']],
  ['vm create --name --', []],
  ['vm run ', [':directories']],
  ['vm run --rm --d', ['--disk-size', '--detach']],
  ['vm run . --', ['--', '--rm', '--help']],
  ['vm run . -- ', []],
  ['vm exec web -- ', []],
  ['image delete ', ['debian-bookworm']],
  ['image delete debian-bookworm ', []],
  ['kernel rm d', ['debian']],
  ['completion ', ['bash', 'zsh', 'fish', 'powershell']],
  ['completion bash ', ['--help']],
  ['--', ['--help']],
];

for (const [line, offered] of cases) {
  test(`banger ${line}|`, async () => {
    const all = await offer(line);
    if (line === 'vm run . --') for (const value of offered) assert.ok(all.includes(value), value);
    else assert.deepEqual(all.toSorted(), offered.toSorted());
  });
}

test('every option and every subcommand is offered, each with a description', async () => {
  for (const { path, load } of commands) {
    const above = path.slice(0, -1);
    const { candidates } = await offerFor(above, '', async () => []);
    assert.ok(
      candidates.some(([value, about]) => value === path.at(-1) && about !== ''),
      path.join(' '),
    );
    await load();
    const options = await offerFor(path, '-', async () => []);
    assert.ok(options.candidates.every(([value, about]) => value.startsWith('-') && about !== ''));
    assert.ok(options.candidates.length > 0, path.join(' '));
  }
});

test('every command whose usage names an argument says what it is', async () => {
  const untold = ['image pull', 'kernel pull'];
  for (const { path, load } of commands) {
    const name = path.join(' ');
    const { synopsis } = (await load()).default.help;
    const takesArgument = /^\[?[A-Za-z|]+\]?…?( |$)/.test(synopsis.replace('[OPTIONS]', ''));
    if (takesArgument && !untold.includes(name)) assert.ok(findHint(path, synopsis).arguments, name);
  }
});
