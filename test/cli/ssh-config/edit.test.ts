import assert from 'node:assert/strict';
import { test } from 'node:test';
import { includes, install, type Made, uninstall } from '../../../src/cli/ssh-config/edit.ts';

const include = 'Include "/home/u/.local/state/banger/ssh_config"';
const older = `Host *.vm
  User root
  IdentityFile ~/.config/banger/ssh/id_ed25519
`;
const own = `Host *.vm
  User me
  IdentityFile ~/.ssh/mine
`;

/** What configurations are made of; none of it is banger's. */
const pieces = [
  'Host *\n  ForwardAgent yes\n',
  'Host *\r\n\tCompression yes\r\n',
  'Match host web.vm exec "true"\n  User nobody\n',
  'Match all\r\n',
  '# a comment\n',
  '#>>> not banger\n',
  '# about banger: BEGIN banger\n',
  '\n',
  '\r\n',
  '   \t\n',
  '\f\n',
  '\xff\xfe\x80 \x85\xa0\n',
  '\0\n',
  own,
  'Host *.vm other\n  IdentityFile /x/banger/key\n',
  'Host web.vm\n  IdentityFile ~/.config/banger/ssh/id_ed25519\n',
  'Include config.d/*\n',
  'IdentityFile ~/.ssh/banger\n',
  'Host=a\n',
];
const tails = ['', 'no end', '\r', 'Host *', ' '];

/** The same numbers in every run (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function* configurations(): Generator<string> {
  yield* tails;
  const number = numbers(20_261_122);
  for (let count = 0; count < 5_000; count++) {
    const whole = Array.from({ length: number(9) }, () => pieces[number(pieces.length)]).join('');
    yield whole + tails[number(tails.length)];
  }
}

test('uninstall gives back every byte, and a second install changes nothing', () => {
  for (const text of configurations()) {
    for (const made of ['nothing', 'file', 'directory'] as const) {
      const installed = install(text, include, made);
      assert.ok(installed.text.endsWith(text), JSON.stringify(text));
      assert.ok(includes(installed.text, include), JSON.stringify(text));
      assert.deepEqual(installed.older, []);
      for (const later of ['nothing', 'file'] as const) {
        assert.equal(install(installed.text, include, later).text, installed.text, JSON.stringify(text));
      }
      const { kept } = installed;
      const shift = installed.text.split('\n').length - text.split('\n').length;
      const removed = uninstall(installed.text);
      assert.deepEqual(removed, { text, made, older: [], kept: kept.map((line) => line + shift) });
      assert.equal(uninstall(text).text, text);
    }
  }
});

test('what an older banger wrote goes, whatever stands around it', () => {
  for (const text of configurations()) {
    // A block ends at the next; what follows it without one would be of it.
    const [before, after] = [`${text}\n`, `\nHost *\n${text}`];
    for (const block of [
      older,
      older.replaceAll('\n', '\r\n'),
      `# BEGIN BANGER VMS\n${older}# END BANGER VMS\n`,
      `# >>> banger >>>\nInclude ~/.config/banger/ssh_config\n# <<< banger <<<\n`,
      `# >>> banger\n# note\n${own}# <<< banger\n`,
      'Host *.vm\n  ProxyCommand /usr/bin/banger proxy %h\n',
    ]) {
      const installed = install(before + block + after, include, 'nothing');
      assert.equal(uninstall(installed.text).text, before + after, JSON.stringify(text));
      assert.equal(uninstall(before + block + after).text, before + after);
      assert.deepEqual(installed.older, block.replace(/\r?\n$/, '').split(/\r?\n/));
    }
  }
});

test('the comments behind an older block stay, as those of what follows', () => {
  const { text } = uninstall(`${older}\n# my server\nHost server\n`);
  assert.equal(text, '\n# my server\nHost server\n');
});

test("ssh-config keeps a user's own Host *.vm and reports it", () => {
  const { text, kept, older: removed } = install(`Port 1\n${own}`, include, 'nothing');
  assert.ok(text.endsWith(`Port 1\n${own}`));
  assert.deepEqual([kept, removed], [[2], []]);
});

test('the line ends are those of the file', () => {
  assert.doesNotMatch(install('Host a\r\n', include, 'file').text, /[^\r]\n/);
  assert.doesNotMatch(install('Host a\nHost b\r\n', include, 'file').text.replace('Host b\r\n', ''), /\r/);
});

test('another path, or a fence that was moved below a Host, is put right', () => {
  const [fence] = install('', include, 'file').text.split(/$(?![\s\S])/);
  const moved = `Host a\n  Port 1\n${fence}Host b\n`;
  assert.equal(includes(moved, include), false);
  const other = include.replace('/home/u', '/home/v');
  const mended = install(moved, other, 'nothing').text;
  assert.equal(mended, `${fence?.replace(include, other)}Host a\n  Port 1\nHost b\n`);
  assert.equal(uninstall(mended).made, 'file' satisfies Made);
});

test('markers that are damaged are named and nothing is changed', () => {
  const [begin = '', ...rest] = install('', include, 'nothing').text.split(/(?<=\n)/);
  const end = rest.at(-1) ?? '';
  const cases: [string, RegExp][] = [
    [`Port 1\n${begin}${include}\n`, /^line 2 .*has no end/],
    [`Port 1\n${include}\n${end}`, /^line 3 .*has no beginning/],
    [`${end}${begin}`, /^line 1 .*has no beginning/],
    [`${begin}${begin}${end}`, /^line 1 .*has no end/],
    [`${begin}${include}\nHost mine\n${end}`, /^line 3 .*is not banger's/],
    [`${begin}# mine\n${end}`, /^line 2 .*is not banger's/],
    [`# BEGIN BANGER\n${older}`, /^line 1 .*has no end/],
    [`# BEGIN BANGER\n${older}Host mine\n# END BANGER\n`, /^line 5 .*is not banger's/],
  ];
  for (const [text, message] of cases) {
    for (const edit of [() => install(text, include, 'file'), () => uninstall(text)]) {
      assert.throws(edit, { code: 'InvalidConfig', message }, text);
    }
  }
});

test('an Include by hand counts where it holds for every host', () => {
  assert.ok(includes(`# mine\r\n  ${include}\r\nHost *\r\n`, include));
  assert.ok(!includes(`Host *\n${include}\n`, include));
  assert.ok(!includes(`# ${include}\n`, include));
});
