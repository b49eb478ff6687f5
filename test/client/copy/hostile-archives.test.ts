/**
 * What a guest may send to `vm cp` instead of what it was asked for. `BANGER_HOSTILE_ENTRIES` is how many entries
 * the largest archives have.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../support/program.ts';
import { directory, end, file, header, pax, symlink } from '../../support/tar-blocks.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type Attack, duplicates, headers, kinds, links, names } from './hostile-archives.ts';
import type { Received, Request } from './receive-program.ts';

const entries = Number(process.env.BANGER_HOSTILE_ENTRIES ?? 5_000);
const canary = 'canary-5b0e91';
/** Node itself needs some 60 MiB; an archive is never held. */
const memoryBytes = 256 * 2 ** 20;
const timeoutMs = 100_000 + 5 * entries;

/** A target that was filled before, and what is beside it that no copy may read or change. */
interface Stage {
  root: string;
  target: string;
  outside: string;
}

function stage(root: string): Stage {
  const [target, outside] = [join(root, 'target'), join(root, 'outside')];
  mkdirSync(join(target, 'evil'), { recursive: true });
  mkdirSync(join(outside, 'deep'), { recursive: true });
  for (const path of ['secret', 'deep/secret']) writeFileSync(join(outside, path), canary, { mode: 0o600 });
  writeFileSync(join(root, 'beside'), canary, { mode: 0o600 });
  writeFileSync(join(target, 'neighbour'), 'kept');
  writeFileSync(join(target, 'evil/old'), 'old');
  symlinkSync(outside, join(target, 'evil/there'));
  return { root, target, outside };
}

/** All things below a directory by their bytes, without following a link. */
function* walk(path: Buffer): Generator<Buffer> {
  for (const name of readdirSync(path, { encoding: 'buffer' })) {
    const each = Buffer.concat([path, Buffer.from('/'), name]);
    yield each;
    if (lstatSync(each).isDirectory()) yield* walk(each);
  }
}

/** A line for each thing below a directory, with all that a copy could change of it. */
function picture(path: string): string[] {
  return [...walk(Buffer.from(path))].map((each) => {
    const about = lstatSync(each);
    const contents = about.isFile() ? readFileSync(each, 'latin1') : '';
    const says = about.isSymbolicLink() ? readlinkSync(each) : contents;
    return [each.toString('latin1'), about.mode, about.ino, about.nlink, about.mtimeMs, says].join(' ');
  });
}

/** All that a copy must leave as it is. */
function surroundings({ root, target, outside }: Stage): unknown {
  const top = readdirSync(root).filter((name) => !name.startsWith('archive'));
  const neighbours = readdirSync(target).filter((name) => name !== 'evil');
  return [
    top,
    readFileSync(join(root, 'beside'), 'utf8'),
    picture(outside),
    neighbours,
    lstatSync(outside).mode,
  ];
}

/** Fails if something arrived that gives rights, is no file, link or directory, or holds what is outside. */
function assertHarmless(target: string, what: string): void {
  for (const path of walk(Buffer.from(target))) {
    const about = lstatSync(path);
    const which = `${what}: ${path}`;
    assert.ok(about.isFile() || about.isDirectory() || about.isSymbolicLink(), which);
    if (!about.isSymbolicLink()) assert.equal(about.mode & 0o7000, 0, which);
    if (about.isFile()) assert.notEqual(readFileSync(path, 'utf8'), canary, `${which} is what is outside`);
    assert.doesNotMatch(path.toString('latin1'), /\/\.banger-/, what);
  }
}

/** Has the copies of this program done, one after the other, and gives how each ended and what the user was told. */
async function receiveAll(
  t: TestContext,
  requests: readonly Request[],
): Promise<(Received & { said: string })[]> {
  const bin = temporaryDirectory(t);
  writeFileSync(join(bin, 'ssh'), '#!/bin/sh\neval "$SEND"\n');
  chmodSync(join(bin, 'ssh'), 0o755);
  const ended = await runProgram(process.execPath, [join(import.meta.dirname, 'receive-program.ts')], {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    input: requests.map((request) => `${JSON.stringify(request)}\n`).join(''),
    timeoutMs,
  });
  assert.equal(ended.status, 0, ended.stderr.slice(-2_000));
  const said = ended.stderr.split('\0');
  const lines = ended.stdout.toString().trim().split('\n');
  assert.equal(lines.length, requests.length);
  return lines.map((line, at) => ({ ...JSON.parse(line), said: said[at] ?? '' }));
}

function answerOf({ failure, whole }: Received): string {
  if (failure) return 'stops';
  return whole ? 'takes' : 'reports';
}

async function assertAll(t: TestContext, attacks: readonly Attack[]): Promise<void> {
  const directoryOf = temporaryDirectory(t);
  const cases = attacks.map(([what, answer, blocks], at) => {
    const place = stage(join(directoryOf, String(at)));
    const archive = join(place.root, 'archive');
    writeFileSync(archive, Buffer.concat(blocks(place.outside)));
    const request = { send: `cat '${archive}'`, source: 'evil', target: place.target };
    return { what, answer, place, request, before: surroundings(place) };
  });
  const ended = await receiveAll(
    t,
    cases.map(({ request }) => request),
  );
  for (const [at, { what, answer, place, before }] of cases.entries()) {
    const got = ended[at];
    assert.ok(got);
    const told = `${what}: ${JSON.stringify(got)}`;
    assert.equal(answerOf(got), answer, told);
    assert.deepEqual(surroundings(place), before, told);
    assertHarmless(place.target, what);
    assert.doesNotMatch(got.said, /[^\n -~\ufffd]/u, told);
    if (got.failure) assert.equal(got.failure.code, 'GuestFailed', told);
    assert.ok(got.peak < memoryBytes, told);
  }
}

for (const [what, attacks] of Object.entries({ names, links, duplicates, kinds, headers }))
  test(`${attacks.length} archives with hostile ${what} touch nothing outside of the target`, (t) =>
    assertAll(t, attacks));

test('an archive that breaks off anywhere leaves no part of a file', async (t) => {
  const blocks = [
    directory('evil/d'),
    pax('path', 'evil/d/long'),
    file('evil/x', 'y'.repeat(1200)),
    symlink('evil/l', 'x'),
  ];
  const archive = Buffer.concat([...blocks, end]);
  const cuts = Array.from({ length: archive.length / 512 }, (_, block) => [
    block * 512,
    block * 512 + 100,
  ]).flat();
  const attacks = cuts.map((cut): Attack => [`cut at ${cut}`, 'stops', () => [archive.subarray(0, cut)]]);
  await assertAll(t, attacks);
});

test('the contents of a directory go nowhere else either', async (t) => {
  const place = stage(join(temporaryDirectory(t), 'stage'));
  const bad = ['..', '../outside/x', `${place.outside}/x`, './../outside/x', 'there/x'];
  const requests = bad.map((name, at) => {
    const archive = join(place.root, `archive-${at}`);
    writeFileSync(archive, Buffer.concat([directory('./'), file(name, 'x'), end]));
    return { send: `cat '${archive}'`, source: 'evil/.', target: join(place.target, 'evil') };
  });
  const before = surroundings(place);
  const answers = (await receiveAll(t, requests)).map(answerOf);
  assert.deepEqual(answers, ['stops', 'stops', 'stops', 'stops', 'reports']);
  assert.deepEqual(surroundings(place), before);
});

test('what a link of the user leads to is replaced by a file only, and by nothing else that a guest sends', async (t) => {
  const stages = [
    file('evil', 'contents'),
    symlink('evil', '/etc/passwd'),
    directory('evil'),
    Buffer.concat([directory('evil'), file('evil/x', 'x')]),
    header({ name: 'evil', type: '1', linkName: 'evil' }),
    header({ name: 'evil', type: '6' }),
  ].map((entry) => {
    const root = temporaryDirectory(t);
    writeFileSync(join(root, 'file'), 'old');
    symlinkSync('file', join(root, 'evil'));
    writeFileSync(join(root, 'archive'), Buffer.concat([entry, end]));
    return { root, request: { send: `cat '${join(root, 'archive')}'`, source: 'evil', target: root } };
  });
  const ended = await receiveAll(
    t,
    stages.map(({ request }) => request),
  );
  assert.deepEqual(ended.map(answerOf), ['takes', 'reports', 'reports', 'reports', 'reports', 'takes']);
  for (const [at, { root }] of stages.entries()) {
    assert.equal(readlinkSync(join(root, 'evil')), 'file');
    assert.equal(readFileSync(join(root, 'file'), 'utf8'), at === 0 ? 'contents' : 'old', String(at));
    assert.equal(lstatSync(join(root, 'file')).isFile(), true);
    assert.deepEqual(readdirSync(root).sort(), ['archive', 'evil', 'file']);
  }
});

/** What a guest sends without end or in great numbers: a program in a shell, and what is told of it. */
const floods: readonly [what: string, answer: string, block: Buffer, repeated: number, last: Buffer][] = [
  ['the same file', 'takes', file('evil/f', ''), entries, end],
  ['pipes', 'takes', header({ name: 'evil/p', type: '6' }), 20 * entries, end],
  ['links that say nothing', 'reports', symlink('evil/l', ''), entries, end],
  ['extended headers without an entry', 'stops', pax('path', 'evil/x'), 20 * entries, end],
  ['zeros behind the end', 'stops', Buffer.alloc(1 << 20), 64, Buffer.alloc(0)],
];

test(`${entries} entries of a kind take neither memory nor the terminal`, async (t) => {
  const directoryOf = temporaryDirectory(t);
  const requests = floods.map(([what, , block, repeated, last], at) => {
    const place = stage(join(directoryOf, String(at)));
    const piece = join(place.root, 'archive-block');
    const tail = join(place.root, 'archive-end');
    // Blocks are written by the thousand, because `cat` starts once for each.
    const together = Math.min(repeated, 1_000);
    writeFileSync(piece, Buffer.concat(Array.from({ length: together }, () => block)));
    writeFileSync(tail, last);
    const send = `i=0; while [ $i -lt ${repeated / together} ]; do cat '${piece}' || exit; i=$((i+1)); done; cat '${tail}'`;
    return { what, send, source: 'evil', target: place.target };
  });
  const ended = await receiveAll(t, requests);
  t.diagnostic(`${entries} entries, at most ${Math.round((ended.at(-1)?.peak ?? 0) / 2 ** 20)} MiB`);
  for (const [at, [what, answer, , repeated]] of floods.entries()) {
    const got = ended[at];
    assert.ok(got);
    assert.equal(answerOf(got), answer, `${what}: ${JSON.stringify(got).slice(0, 500)}`);
    assert.ok(got.peak < memoryBytes, `${what}: ${got.peak} bytes`);
    const lines = got.said.trimEnd().split('\n');
    assert.ok(lines.length <= 1_001, `${what}: ${lines.length} lines`);
    if (lines.length > 1_000)
      assert.equal(lines.at(-1), `banger: ${repeated - 1_000} more lines like these are not shown`);
  }
});

test('as many different names as there are entries take a bounded memory', async (t) => {
  const place = stage(join(temporaryDirectory(t), 'stage'));
  const archive = join(place.root, 'archive');
  const names = Array.from({ length: entries }, (_, at) =>
    at % 2 ? file(`evil/${at}`, '') : directory(`evil/${at}`),
  );
  writeFileSync(archive, Buffer.concat([...names, end]));
  const before = surroundings(place);
  const [got] = await receiveAll(t, [{ send: `cat '${archive}'`, source: 'evil', target: place.target }]);
  assert.ok(got);
  assert.equal(answerOf(got), 'takes', JSON.stringify(got).slice(0, 500));
  // Hard links are made only to files of the same copy, and directories get their modes last: each is remembered.
  assert.ok(got.peak < memoryBytes + entries * 1_024, `${got.peak} bytes`);
  assert.deepEqual(surroundings(place), before);
});
