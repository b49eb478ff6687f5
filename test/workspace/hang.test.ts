/**
 * What never ends, or never ends growing, in the places that are read of a repository: a prepare ends within its deadline
 * or when it is cancelled, leaves no process, needs little memory, and holds nobody else up.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorTable } from '../../src/common/error-table.ts';
import { findProgram } from '../../src/common/find-program.ts';
import { placeFifo } from './attack/kinds.ts';
import { PrepareProcess } from './attack/process.ts';
import type { Reply } from './attack/program.ts';
import { makeHonest, makeScene, type Scene } from './attack/scene.ts';

/** The deadline that a prepare is given, and what a busy machine may take beyond it. */
const readTimeoutMs = 5_000;
const slackMs = Number(process.env.BANGER_ATTACK_MS ?? 60_000);
/** A few seconds, on a machine that is not busy. */
const cancelMs = 20_000;
const maxBytes = 1024 ** 3;
const endless = ['fifo', 'drip', 'device', 'link to a device', 'huge file'] as const;
type Endless = (typeof endless)[number];

/** Where it is put, from the top of the checkout. */
const places = [
  '.git',
  '.git/HEAD',
  '.git/index',
  '.git/config',
  '.git/packed-refs',
  '.git/refs/heads/main',
  '.git/info/exclude',
  '.git/MERGE_MSG',
  `.git/objects/pack/pack-${'0'.repeat(40)}.idx`,
  '.gitignore',
  'src/.gitignore',
  '.gitattributes',
  'data/one',
];

/** Two kinds at each place in every run; all kinds with BANGER_ATTACKS=1. */
const cases = places.flatMap((place, number) =>
  endless
    // What is sent may be large.
    .filter((kind) => kind !== 'huge file' || !['.gitattributes', 'data/one'].includes(place))
    .filter((_, kind) => process.env.BANGER_ATTACKS === '1' || kind === 0 || kind === 1 + (number % 4))
    .map((kind) => ({ place, kind })),
);

const honestHome = mkdtempSync(join(tmpdir(), 'banger-test-hang-'));
const honest = makeHonest(honestHome);
after(() => rmSync(honestHome, { recursive: true }));

function makeEndless(scene: Scene, path: string, kind: Endless): undefined {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  // Git reads only an index that has a pack.
  if (path.endsWith('.idx')) writeFileSync(path.replace(/idx$/, 'pack'), 'PACK'.padEnd(64, '\0'));
  switch (kind) {
    case 'fifo':
      execFileSync('mkfifo', [path]);
      return;
    case 'drip':
      drip(scene, path);
      return;
    case 'device':
      execFileSync('mknod', [path, 'c', '1', '5']);
      return;
    case 'link to a device':
      symlinkSync('/dev/zero', path);
      return;
    case 'huge file':
      // A rule that ignores the file itself: it is read, not sent.
      writeFileSync(path, '.gitignore\n');
      truncateSync(path, 1024 ** 4);
  }
}

/** A FIFO that gives a byte every now and then, as a slow file system may. */
function drip(scene: Scene, path: string): void {
  const byte = Buffer.from('#');
  const { write } = placeFifo(scene, path, byte);
  const timer = setInterval(() => write(byte), 100);
  scene.cleanUp.push(() => clearInterval(timer));
}

interface Row {
  what: string;
  ended: string;
  ms: number;
  otherMs: number;
  mebibytes: number;
}

const rows: Row[] = [];
let free: PrepareProcess | undefined;
after(async () => {
  await free?.kill();
  const table = rows.map(({ what, ended, ms, otherMs, mebibytes }) => {
    return `| ${what} | ${ended.replaceAll('|', '\\|')} | ${ms} | ${otherMs} | ${mebibytes} |`;
  });
  const head = ['| what | ended | ms | another prepare, ms | MiB |', '|---|---|---|---|---|'];
  const directory = join(import.meta.dirname, '../../build/test');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'hang.md'), [...head, ...table, ''].join('\n'));
});

interface Trial {
  what: string;
  how: 'deadline' | 'cancel';
  /** Makes the repository endless, and gives the PATH to use, if it is another. */
  make(scene: Scene): string | undefined;
}

/** Prepares from an endless repository and from an honest one beside it, and cancels the first if that is how. */
async function runTrial({ what, how, make }: Trial): Promise<void> {
  const process = free ?? (await PrepareProcess.start(maxBytes));
  free = undefined;
  const [scene, other] = [makeScene(honest), makeScene(honest)];
  try {
    const path = make(scene);
    const began = performance.now();
    const since = () => Math.round(performance.now() - began);
    const { place } = scene;
    const options = { home: place.host, readTimeoutMs, ...(path === undefined ? {} : { path }) };
    const first = process.prepare({ source: scene.repo, place, ...options });
    // With a PATH of its own, the first git that is run is the one that stops.
    if (path !== undefined) await waitUntil(() => !existsSync(join(place.host, 'stop')), slackMs);
    const second = process.prepare({ source: other.repo, place: other.place, home: other.place.host });
    const served = await within(second.ended, slackMs);
    const otherMs = since();
    if (how === 'cancel') first.cancel();
    const ended = await within(first.ended, how === 'cancel' ? cancelMs : readTimeoutMs + slackMs);
    const ms = since();
    await waitUntil(() => process.children.length === 0, 3_000);
    const row = { what, ended: describeEnd(ended), ms, otherMs, mebibytes: process.peakBytes >> 20 };
    rows.push(row);
    assert.ok(!process.isTooLarge, `it took more than ${maxBytes} bytes`);
    assert.ok(ended !== 'late' && ended !== undefined, 'it did not end');
    assert.ok(isOfBanger(ended), describeEnd(ended));
    assert.ok(served !== 'late' && served !== undefined && served.code === undefined, describeEnd(served));
    assert.deepEqual(process.children, [], 'nothing of it still runs');
    assert.deepEqual(readdirSync(place.scratch), []);
    free = process;
  } finally {
    if (free !== process) await process.kill();
    scene.dispose();
    other.dispose();
  }
}

function describeEnd(reply: Reply | 'late' | undefined): string {
  if (reply === 'late' || reply === undefined) return reply ?? 'killed';
  return reply.code === undefined ? 'prepared' : `${reply.code}: ${reply.message}`;
}

/** Whether it ended well, or with an error that is meant for users. */
function isOfBanger({ code }: Reply): boolean {
  return code === undefined || (code in errorTable && code !== 'Internal');
}

async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | 'late'> {
  const stop = new AbortController();
  const late = sleep(ms, 'late' as const, { signal: stop.signal }).catch(() => 'late' as const);
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}

async function waitUntil(isSo: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!isSo() && Date.now() < end) await sleep(20);
}

describe('what never ends', { concurrency: 1 }, () => {
  for (const [number, { place, kind }] of cases.entries()) {
    const how = number % 2 === 0 ? 'deadline' : 'cancel';
    test(`${place} as a ${kind} holds nobody up (${how})`, () =>
      runTrial({
        what: `${place}: ${kind} (${how})`,
        how,
        make: (scene) => makeEndless(scene, join(scene.repo, place), kind),
      }));
  }

  for (const how of ['deadline', 'cancel'] as const) {
    test(`a git that stops holds nobody up (${how})`, async () => {
      let flag = '';
      const make = (scene: Scene) => {
        flag = join(scene.place.host, 'stop');
        return makeStoppingGit(scene, flag);
      };
      await runTrial({ what: `git: stopped (${how})`, how, make });
      assert.ok(!existsSync(flag), 'git was run');
    });
  }
});

/** Makes a git that stops itself the first time that it is run; gives a PATH with it. */
function makeStoppingGit(scene: Scene, flag: string): string {
  const bin = join(scene.place.host, 'bin');
  mkdirSync(bin);
  writeFileSync(flag, '');
  const script = `#!/bin/sh\nif rm ${flag} 2>/dev/null; then kill -STOP $$; fi\nexec ${findProgram('git')} "$@"\n`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  return `${bin}:${process.env.PATH}`;
}
