import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Entry, readTar, TarError } from '../../src/tar/read.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** The mutated archives that each run reads. */
const mutations = 3_000;

type Read = Pick<Entry, 'kind' | 'mode' | 'mtime' | 'size'> & {
  name: string;
  linkName: string;
  text: string;
};

/** @param step how many bytes come at once */
async function read(archive: Buffer, step = 4096): Promise<Read[]> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < archive.length; at += step) pieces.push(archive.subarray(at, at + step));
  const found: Read[] = [];
  for await (const entry of readTar(Readable.from(pieces))) {
    const parts: Buffer[] = [];
    for await (const part of entry.contents()) parts.push(Buffer.from(part));
    const { kind, mode, mtime, size } = entry;
    found.push({
      kind,
      mode,
      mtime,
      size,
      name: entry.name.toString('latin1'),
      linkName: entry.linkName.toString('latin1'),
      text: Buffer.concat(parts).toString('latin1'),
    });
  }
  return found;
}

function tree(directory: string): void {
  const script = `mkdir -p tree/${'d/'.repeat(60)}; cd tree; printf hello >a; ln a b; ln -s a c; ln -s ${'t'.repeat(200)} e
    mkfifo f; printf x >"$(printf 'n\\377w\\nl')"; printf long >${'l'.repeat(180)}; head -c 1500 /dev/zero >z
    chmod 4751 a; touch -h -d @1234567890.5 a z c; touch -d @1 .`;
  execFileSync('sh', ['-euc', script], { cwd: directory });
}

function pack(directory: string, format: string): Buffer {
  return execFileSync('tar', ['-c', `--format=${format}`, '--sort=name', '-C', directory, 'tree']);
}

for (const format of ['gnu', 'posix']) {
  test(`what GNU tar packs as ${format} is read, in pieces of any size`, async (t) => {
    const directory = temporaryDirectory(t);
    tree(directory);
    const archive = pack(directory, format);
    const entries = await read(archive);
    for (const step of [1, 511, 513, archive.length]) assert.deepEqual(await read(archive, step), entries);
    const by = (name: string) => entries.find((entry) => entry.name === `tree/${name}`);
    const fraction = format === 'posix' ? 0.5 : 0;
    assert.deepEqual(by('a'), {
      kind: 'file',
      mode: 0o4751,
      mtime: 1_234_567_890 + fraction,
      size: 5,
      name: 'tree/a',
      linkName: '',
      text: 'hello',
    });
    assert.deepEqual([by('b')?.kind, by('b')?.linkName], ['link', 'tree/a']);
    assert.deepEqual([by('c')?.kind, by('c')?.linkName], ['symlink', 'a']);
    assert.equal(by('e')?.linkName, 't'.repeat(200));
    assert.equal(by('f')?.kind, 'fifo');
    assert.equal(by('n\xffw\nl')?.text, 'x');
    assert.equal(by('l'.repeat(180))?.text, 'long');
    assert.equal(by('z')?.text, '\0'.repeat(1500));
    const listed = execFileSync('tar', ['-t', '--quoting-style=literal', '--null'], { input: archive });
    assert.equal(
      entries.length,
      execFileSync('find', ['tree', '-print0'], { cwd: directory }).toString('latin1').split('\0').length - 1,
    );
    assert.ok(listed.toString('latin1').startsWith('tree/\n'));
  });
}

test('contents that nobody reads are passed over', async (t) => {
  const directory = temporaryDirectory(t);
  tree(directory);
  const names: string[] = [];
  for await (const { name } of readTar(Readable.from([pack(directory, 'gnu')])))
    names.push(name.toString('latin1'));
  assert.ok(names.includes('tree/z'));
});

/** A header with a right checksum. */
function header(fields: {
  name?: string;
  size?: string;
  type?: string;
  magic?: string;
  mode?: string;
}): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.name ?? 'x', 0, 'latin1');
  block.write(fields.mode ?? '0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1').toString();
  block.write('0000000\0', 116, 'latin1');
  block.write(fields.size ?? '00000000000\0', 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write(fields.type ?? '0', 156, 'latin1');
  block.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(text: string): Buffer {
  const block = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  block.write(text, 'latin1');
  return block;
}

const end = Buffer.alloc(1024);
const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
const pax = (text: string, type = 'x') => [header({ type, size: octal(text.length) }), padded(text)];

const damaged: [string, Buffer[]][] = [
  ['nothing at all', []],
  ['half a header', [header({}).subarray(0, 300)]],
  ['no end', [header({})]],
  ['half an end', [header({}), Buffer.alloc(512)]],
  ['no archive', [Buffer.alloc(512, 'a')]],
  ['another magic', [header({ magic: 'tar' }), end]],
  ['contents that break off', [header({ size: octal(2000) }), Buffer.alloc(512)]],
  ['a size that is no number', [header({ size: '0000000008x\0' }), end]],
  ['a size below nothing', [header({ size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }), end]],
  ['a size beyond all bounds', [header({ size: '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff' }), end]],
  ['a mode that is no number', [header({ mode: 'rw-r--r-' }), end]],
  ['no name', [header({ name: '\0' }), end]],
  ['an unknown type', [header({ type: 'Z' }), end]],
  ['a sparse file', [header({ type: 'S' }), end]],
  ['a file that began in another volume', [header({ type: 'M' }), end]],
  ['a symbolic link with contents', [header({ type: '2', size: octal(5) }), padded('hello'), end]],
  ['a pax header of a gigabyte', [header({ type: 'x', size: octal(2 ** 30) }), end]],
  ['an empty pax header', [header({ type: 'x' }), header({}), end]],
  ['a pax length that lies', [...pax('99 path=x\n'), header({}), end]],
  ['a pax length of nothing', [...pax('0 path=x\n'), header({}), end]],
  ['a pax record without =', [...pax('9 path x\n'), header({}), end]],
  ['a pax record without a line end', [...pax('9 path=xy'), header({}), end]],
  ['a pax size that is no number', [...pax('10 size=x\n'), header({}), end]],
  ['a pax time that is no number', [...pax('12 mtime=1e9\n'), header({}), end]],
  ['a pax name with a NUL', [...pax('11 path=a\0b\n'), header({}), end]],
  ['a sparse file in pax words', [...pax('22 GNU.sparse.major=1\n'), header({}), end]],
  ['a global name', [...pax('10 path=x\n', 'g').slice(0, 2), header({}), end]],
  ['a pax header of nothing', [...pax('10 path=ab\n'.replace('10', '11')), end]],
  ['more after the end', [header({}), Buffer.alloc(512), header({}), end]],
];
for (const [what, blocks] of damaged) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(read(Buffer.concat(blocks)), (error) => error instanceof TarError, what);
  });
}

test('what follows an archive is read to its end, and not for ever', async () => {
  assert.equal((await read(Buffer.concat([header({}), end, Buffer.alloc(100_000)]))).length, 1);
  async function* endless() {
    yield Buffer.concat([header({}), end]);
    for (;;) yield Buffer.alloc(1 << 20);
  }
  await assert.rejects(async () => {
    for await (const _ of readTar(endless()));
  }, TarError);
});

test(`${mutations} damaged archives: refused in so many words, or read as GNU tar reads them`, async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'tree'));
  for (const name of ['a', 'b', 'l'.repeat(120)]) writeFileSync(join(directory, 'tree', name), name);
  const archives = ['gnu', 'posix'].map((format) => pack(directory, format));
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((seed / 0x8000_0000) * below);
  };
  let accepted = 0;
  let compared = 0;
  for (let round = 0; round < mutations; round++) {
    const archive = Buffer.from(archives[round % archives.length] ?? Buffer.alloc(0));
    for (let count = 1 + random(3); count > 0; count--) archive[random(archive.length)] = random(256);
    const result = await read(
      archive.subarray(0, random(8) === 0 ? random(archive.length) : archive.length),
    ).catch((error: unknown) => error);
    assert.ok(Array.isArray(result) || result instanceof TarError, `seed ${round}: ${String(result)}`);
    if (!Array.isArray(result)) continue;
    accepted++;
    if (accepted % 20 !== 0) continue;
    compared++;
    const listed = spawnSync('tar', ['-t', '-P', '--quoting-style=escape'], { input: archive });
    const names = listed.stdout.toString('latin1').split('\n').slice(0, -1);
    assert.equal(names.length, result.length, `seed ${round}`);
  }
  assert.ok(accepted > 100 && compared > 5, `${accepted} accepted`);
});
