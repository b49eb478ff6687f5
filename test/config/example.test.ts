import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { userPaths } from '../../src/common/paths.ts';
import { parseConfig } from '../../src/config/file.ts';
import { knownKeys } from '../../src/config/schema.ts';
import { settingsInEffect } from '../../src/config/settings.ts';
import { fuzzSeed, randomOf } from '../support/random.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
const [, example = ''] = /```toml\n([\s\S]*?)```/.exec(page) ?? [];

test('the example of the documentation has every key and is sound', () => {
  const { problems, warnings, settings } = parseConfig(example, 'f', '/home/ada');
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings, []);
  const names: string[] = [];
  for (const [table, keys] of Object.entries(knownKeys)) {
    for (const key of keys) {
      assert.match(example, new RegExp(`^(\\[*${key}\\]*$|\\[*${key}\\b)`, 'm'), key);
      const name = table === 'file_sync' ? `file_sync[].${key}` : table === '' ? key : `${table}.${key}`;
      if (name !== 'vm_defaults' && table !== 'file_sync') names.push(name);
      if (name !== 'vm_defaults') assert.ok(page.includes(`| \`${name}\` |`), name);
    }
  }
  // Each setting is told to stand where it does.
  const lines = example.split('\n');
  const places = Object.entries(settings.places ?? {});
  assert.deepEqual(places.map(([name]) => name).sort(), names.sort());
  for (const [name, place] of places) {
    const line = lines[Number(place.replace('f:', '')) - 1] ?? '';
    assert.ok(line.replace(/^\[+/, '').startsWith(name.split('.').at(-1) ?? ''), `${name}: ${line}`);
  }
});

test('the defaults are those of the documentation', async () => {
  const paths = userPaths({ HOME: '/home/ada' });
  const host = { cpus: 1, memoryBytes: 2 ** 30 };
  const { settings } = await settingsInEffect(
    { ...paths, config: '/nonexistent' },
    { HOME: '/home/ada' },
    host,
  );
  const written = new Map(
    [...page.matchAll(/^\| `(\w+)` \| .* \| (?:`(\S+)`|(\d+)) \| /gm)].map(([, key, ...values]) => [
      key,
      values.join(''),
    ]),
  );
  for (const { key, value } of settings) {
    const told = written.get(key);
    if (told !== undefined) assert.equal(String(value), told, key);
  }
  assert.ok(written.size >= 12, `${written.size} defaults were found`);
});

const fragments = [
  ...'[]{}"\'=.,#\n\r\t\\0-~/é\u0000\u001b\u2028\ud800',
  '"""',
  "'''",
  '[[',
  '..',
  ' = ',
  '__proto__',
  'nan',
  '1979-05-27',
  '9e999',
  '\\u0000',
  '[[file_sync]]\n',
  '[vm_defaults]\n',
];

/** A text with one to four changes: characters, lines or fragments inserted, removed, moved or doubled. */
function mutated(text: string, random: (below: number) => number): string {
  let result = text;
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(result.length + 1);
    const lines = result.split('\n');
    const [one, other] = [random(lines.length), random(lines.length)];
    switch (random(6)) {
      case 0:
        result = result.slice(0, at) + (fragments[random(fragments.length)] ?? '') + result.slice(at);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at + 1 + random(8));
        break;
      case 2:
        result = result.slice(0, at) + String.fromCharCode(random(0x180)) + result.slice(at + 1);
        break;
      case 3:
        lines.splice(one, 1, lines[other] ?? '');
        result = lines.join('\n');
        break;
      case 4:
        lines.splice(one, 1);
        result = lines.join('\n');
        break;
      default:
        result = result.slice(0, at);
    }
  }
  return result;
}

test('3000 mutations of the example: nothing is thrown, every line has its place', () => {
  const seed = fuzzSeed();
  const random = randomOf(seed);
  let sound = 0;
  for (let round = 0; round < 3000; round++) {
    const text = mutated(example, random);
    const of = `seed ${seed}, round ${round}: ${JSON.stringify(text)}`;
    let parsed: ReturnType<typeof parseConfig>;
    try {
      parsed = parseConfig(text, '/c/config.toml', '/home/ada');
    } catch (error) {
      throw new Error(`thrown for ${of}`, { cause: error });
    }
    const count = text.split('\n').length;
    for (const said of [...parsed.problems, ...parsed.warnings]) {
      const [, line] = /^\/c\/config\.toml:(\d+): [^\p{Cc}\u2028\u2029]+$/u.exec(said) ?? [];
      assert.ok(Number(line) >= 1 && Number(line) <= count, `${said}\n${of}`);
    }
    if (parsed.problems.length === 0) sound++;
    else assert.deepEqual(parsed.settings, {}, of);
  }
  // Otherwise the changes are too wild or too tame to say anything.
  assert.ok(sound > 100 && sound < 2900, `${sound} sound texts, seed ${seed}`);
});

test('texts made to take long or deep take neither', () => {
  const size = 65_000;
  const many = (text: string) => text.repeat(size / text.length);
  const texts: [text: string, first: RegExp][] = [
    [`x = [\n${many('1,\n')}`, /^f:1: is not valid TOML: what begins here has no end/],
    [`a = """\n${many('x\n')}`, /^f:1: is not valid TOML: what begins here has no end/],
    [many('a = [\n'), /^f:1: is not valid TOML/],
    [many('a\n'), /^f:1: is not valid TOML/],
    [many('"'), /^f:1: is not valid TOML/],
    [`a = ${many('[')}`, /^f:1: is not valid TOML/],
    [`a = ${'['.repeat(900)}${']'.repeat(900)}`, /^f:1: a is not a setting/],
    [`${many('a.')}a = 1`, /^f:1: a is not a setting/],
    [`[${many('a.')}a]`, /^f:1: a is not a setting/],
    [many('[[a]]\n'), /^f:1: a is not a setting/],
    [`${many('k')} = 1`, /^f:1: k{60}… is not a setting; known here/],
    [`a = """\n${many('\\"x"\n')}"""`, /^f:1: a is not a setting/],
    [`default_dns = [${many('"x",\n')}]`, /^f:1: default_dns has 13000 servers/],
    [many('[[file_sync]]\nhost="/a"\nguest="~/a"\n'), /^f:1: file_sync has \d+ entries/],
    [many('vmm = "auto"\n'), /^f:2: vmm is there for the second time/],
    [Array.from({ length: 6000 }, (_, n) => `k${n} = 1`).join('\n'), /^f:1: k0 is not a setting/],
  ];
  for (const [text, first] of texts) {
    const started = performance.now();
    const { problems } = parseConfig(text, 'f', '/home/ada');
    const seconds = (performance.now() - started) / 1000;
    assert.match(problems[0] ?? '', first);
    // Tenths of a second, and what grows with the square takes minutes.
    assert.ok(seconds < 10, `${seconds} s for ${JSON.stringify(text.slice(0, 50))}`);
  }
});
