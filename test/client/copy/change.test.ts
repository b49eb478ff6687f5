/** Copies of files that others write meanwhile: what arrives is what the file was at one moment, or the copy fails. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { copyProgram } from '../../../src/client/installation.ts';
import { readTar } from '../../../src/tar/read.ts';
import { Running, runProgram } from '../../support/program.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { changes, makeFirst, readGenerations } from './changing-file.ts';
import { directions, guestHere } from './guest-here.ts';

/** For each way to change a file and each size. */
const packedMs = 350;
/** For each direction. */
const copiedMs = 800;
/** One that the packer holds, and one that is under way when it has changed. */
const sizes = [200_000, 4_000_000];
const explained = /it (changed|was (removed|replaced)) while it was copied|it does not exist$/;
const voidName = './.void';

/** Runs a program that changes a file as long as the work takes. */
async function whileChanging(how: string, path: string, bytes: number, work: () => Promise<void>) {
  makeFirst(path, bytes);
  const program = join(import.meta.dirname, 'changing-file.ts');
  const writer = new Running(process.execPath, [program, how, path, String(bytes)]);
  await writer.says('begins');
  try {
    await work();
  } finally {
    writer.child.kill('SIGKILL');
    await writer.ended;
  }
}

/** Fails unless a file that was changed like this had these contents. */
function assertState(how: string, bytes: number, contents: Buffer): void {
  const generations = readGenerations(contents);
  const about = `${how}: ${contents.length} bytes of ${new Set(generations).size} generations`;
  assert.ok(generations && changes[how]?.isState(generations, Math.floor(bytes / 4096)), about);
}

/** Packs a file. @returns nothing if it is not in the archive, or void there */
async function pack(
  directory: string,
  name: string,
): Promise<{ contents: Buffer | undefined; said: string }> {
  const { stdout, stderr, status } = await runProgram(copyProgram(), [
    ...['pack', '-v', voidName, directory, name],
  ]);
  let contents: Buffer | undefined;
  for await (const entry of readTar(Readable.from([stdout]))) {
    const isVoid = entry.name.toString() === voidName;
    contents = isVoid ? undefined : await buffer(entry.contents());
  }
  assert.equal(status, contents === undefined ? 1 : 0, stderr);
  return { contents, said: stderr.trimEnd() };
}

for (const [how, { alwaysCopied }] of Object.entries(changes)) {
  test(`a file that ${how} is packed as it was once, or not`, async (t) => {
    for (const bytes of sizes) {
      const directory = temporaryDirectory(t);
      let [whole, failed] = [0, 0];
      await whileChanging(how, join(directory, 'file'), bytes, async () => {
        for (const end = Date.now() + packedMs; Date.now() < end; ) {
          const { contents, said } = await pack(directory, 'file');
          if (contents) whole++;
          else failed++;
          if (contents) assertState(how, bytes, contents);
          else assert.match(said, explained, how);
          if (alwaysCopied) assert.equal(said, '', how);
        }
      });
      t.diagnostic(`${bytes} bytes: ${whole} whole, ${failed} failed`);
    }
  });
}

for (const direction of directions) {
  test(`a file that is overwritten while it is copied ${direction} leaves what was there if it fails`, async (t) => {
    const copy = guestHere(t);
    const how = 'is overwritten in place';
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    const [source, target] = [join(from, 'file'), join(to, 'file')];
    const bytes = 4_000_000;
    writeFileSync(target, 'old');
    await whileChanging(how, source, bytes, async () => {
      for (const end = Date.now() + copiedMs; Date.now() < end; ) {
        const before = readFileSync(target);
        const { whole, said } = await copy(direction, [source], target);
        const after = readFileSync(target);
        if (whole) assertState(how, bytes, after);
        else assert.ok(after.equals(before), `${said}: what was there is gone`);
        assert.match(said.join('\n'), whole ? /^$/ : explained);
        assert.deepEqual(readdirSync(to), ['file']);
      }
    });
  });
}

for (const direction of directions) {
  test(`a directory ${direction} arrives without the file that was cut, which is named`, async (t) => {
    const copy = guestHere(t);
    const [from, to] = [temporaryDirectory(t), temporaryDirectory(t)];
    mkdirSync(join(from, 'd'));
    mkdirSync(join(to, 'd'));
    writeFileSync(join(from, 'd/other'), 'other');
    writeFileSync(join(to, 'd/file'), 'old');
    const file = join(from, 'd/file');
    let failed = false;
    await whileChanging('is cut in the middle and grows again', file, 4_000_000, async () => {
      for (const end = Date.now() + 20_000; !failed && Date.now() < end; ) {
        writeFileSync(join(to, 'd/file'), 'old');
        const { whole, said } = await copy(direction, [join(from, 'd')], to);
        assert.equal(readFileSync(join(to, 'd/other'), 'utf8'), 'other');
        if (whole) continue;
        failed = true;
        assert.match(
          said.join('\n'),
          /^d\/file: it changed while it was copied; copy it again when nothing writes/,
        );
        assert.equal(readFileSync(join(to, 'd/file'), 'utf8'), 'old');
      }
    });
    assert.ok(failed, 'the file was always copied');
  });
}
