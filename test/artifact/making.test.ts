import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  dropMaking,
  type Making,
  make,
  newMaking,
  openMaking,
  removeUnfinished,
  type Shelf,
  thenShelve,
} from '../../src/artifact/making.ts';
import { BangerError } from '../../src/common/errors.ts';
import { Procedure } from '../../src/work/steps.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'banger-artifact-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'parent');
}

interface Note {
  text: string;
}

/** A shelf that keeps its records in memory. */
function shelfIn(directory: string): Shelf<Note> & { records: Note[] } {
  const records: Note[] = [];
  return {
    directory,
    records,
    record: (note) => void records.push(note),
    forget: () => void records.splice(0),
  };
}

/** Making a file, and what else is to happen while it is made. */
function procedureWith(meanwhile: (making: Making<Note>) => void) {
  const fill = async (making: Making<Note>) => {
    await openMaking(making);
    await writeFile(join(making.scratch, 'rest'), 'x');
    await writeFile(join(making.directory, 'file'), 'x');
    meanwhile(making);
    return { manifest: { text: making.id } };
  };
  return thenShelve(new Procedure<Making<Note>>('make').step('fill', fill, dropMaking), 'image');
}

const work = () => ({ signal: new AbortController().signal, stage: () => undefined });

test('an artifact appears whole, under its id, and is recorded', async (t) => {
  const shelf = shelfIn(await scratch(t));
  const seen: string[] = [];
  const procedure = procedureWith(({ id }) => seen.push(id));
  const note = await make(procedure, newMaking(shelf), work());
  assert.match(note.text, /^[a-z][a-z0-9]+$/);
  assert.deepEqual(seen, [note.text]);
  assert.deepEqual(await readdir(shelf.directory), [note.text]);
  assert.deepEqual(await readdir(join(shelf.directory, note.text)), ['file']);
  assert.deepEqual(shelf.records, [note]);
});

test('a failure leaves nothing, at whatever step it comes', async (t) => {
  const shelf = shelfIn(await scratch(t));
  const { steps } = procedureWith(() => undefined);
  for (const failing of steps.keys()) {
    const broken = steps.map((step, index) => ({
      ...step,
      async run(making: never) {
        const given = await step.run(making, work());
        if (index === failing) throw new BangerError('Cancelled', 'cancelled');
        return given;
      },
    }));
    const procedure: ReturnType<typeof procedureWith> = new Procedure('make', broken);
    await assert.rejects(make(procedure, newMaking(shelf), work()), { code: 'Cancelled' });
    assert.deepEqual([await readdir(shelf.directory), shelf.records], [[], []]);
  }
});

test('what a killed process left is removed, and only that', async (t) => {
  const parent = await scratch(t);
  await mkdir(join(parent, '.making-dead', 'deep'), { recursive: true });
  await mkdir(join(parent, 'whole'));
  const seen: string[] = [];
  await removeUnfinished(parent, silent, async (scratch) => void seen.push(scratch));
  assert.deepEqual(seen, [join(parent, '.making-dead', 'scratch')]);
  assert.deepEqual(await readdir(parent), ['whole']);
  await removeUnfinished(join(parent, 'absent'), silent);
});

test('what cannot be removed elsewhere keeps what tells of it, and is told', async (t) => {
  const parent = await scratch(t);
  await mkdir(join(parent, '.making-dead', 'scratch'), { recursive: true });
  const told: string[] = [];
  const log = { ...silent, warn: (_fields: object, message: string) => void told.push(message) };
  await removeUnfinished(parent, log, () => Promise.reject(new Error('stuck')));
  assert.deepEqual(await readdir(parent), ['.making-dead']);
  assert.match(told.join(), /stuck/);
});
