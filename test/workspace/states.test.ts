/**
 * States that a repository can be in: in each, `git status` and `git log` say the same in the guest as on the host, also
 * after every file was touched; or it is refused before a VM is made.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PrepareProcess } from './attack/process.ts';
import { copyRepository, makeHonest } from './attack/scene.ts';
import { attributeStates } from './states/attributes.ts';
import { fileStates, indexStates } from './states/files.ts';
import { historyStates } from './states/history.ts';
import { layoutStates } from './states/layouts.ts';
import { makeScene, runGit, type State } from './states/state.ts';
import { guestGit, type Place } from './support.ts';

/** Those of which another one of the same kind is in every run; they run only with BANGER_ATTACKS=1. */
const longRunsOnly = [
  /^filter: (files of|one that|pointers|in )/,
  /^attributes: (the user's usual|a macro|.* that is not there|\.gitattributes in a directory|\.gitattributes in the checkout)/,
  /^eol: (core\.autocrlf=(input|true of)|CRLF)/,
  /^(nothing changed|untracked files and|ignored files$|ignored by a file .* in the|names that differ)/,
  /^(core\.(fileMode|ignoreCase|quotePath)|index: (no checksum|threads|version 4)|a stag.* that status)/,
  /^(replace: (packed|core)|grafts: no|a merge without|a (cherry-pick|revert|bisection)|packed refs|a commit in another)/,
  /^(an upstream (that is gone|in)|a stash|a linked work tree$|a git directory elsewhere that names its|no repository)/,
  /^(sparse, by directories$|submodules: (with|nested)|a nested repository, ignored|the checkout of)/,
];
const isLong = process.env.BANGER_ATTACKS === '1';
const allStates: State[] = [
  ...attributeStates,
  ...fileStates,
  ...indexStates,
  ...historyStates,
  ...layoutStates,
];
const states = allStates.filter(({ name }) => isLong || !longRunsOnly.some((kind) => kind.test(name)));
const maxBytes = 1024 ** 3;
const workers = 3;
const top = mkdtempSync(join(tmpdir(), 'banger-test-states-'));
const honest = makeHonest(join(top, 'honest'));
const free: PrepareProcess[] = [];

after(async () => {
  await Promise.all(free.map((process) => process.kill()));
  rmSync(top, { recursive: true, force: true, maxRetries: 5 });
});

const statusArguments = ['status', '--porcelain=v2', '--branch'];
const logArguments = ['log', '--format=%H %P %an %ae%n%B'];

/** Leaves out the lines of the host that only the host has to have. */
function without(text: string, only: RegExp | undefined): string {
  if (only === undefined) return text;
  assert.match(text, only, 'the difference that is documented is there');
  return text.replace(only, '');
}

function touchAll(directory: string): void {
  const all = ['.', '-name', '.git', '-prune', '-o', '(', '-type', 'f', '-o', '-type', 'l', ')'];
  execFileSync('find', [...all, '-exec', 'touch', '-h', '{}', '+'], { cwd: directory });
}

async function compare(state: State, place: Place, process: PrepareProcess): Promise<void> {
  const repo = join(place.host, 'repo');
  copyRepository(honest, repo);
  const scene = makeScene(place.host, repo);
  scene.git('update-index', '-q', '--refresh');
  const source = state.make(scene) ?? repo;
  const request = { source, place, home: place.host, readsItself: true };
  const reply = await process.prepare({ ...request, checks: state.refusal !== undefined }).ended;
  if (state.refusal !== undefined) {
    assert.match(reply?.message ?? 'not refused', state.refusal);
    assert.match(reply?.message ?? '', /; \S/, 'the refusal tells what to do');
    assert.ok(!existsSync(place.target));
    return;
  }
  assert.equal(reply?.message, undefined);
  assert.deepEqual(readdirSync(place.scratch), []);
  const host = (...args: string[]) => runGit(place.host, source, ...args);
  const guest = (...args: string[]) => guestGit(place, '-C', state.below ?? '.', ...args);
  const status = host(...statusArguments);
  assert.equal(guest(...statusArguments), without(status, state.only?.status), 'status');
  if (!status.includes('# branch.oid (initial)')) {
    assert.equal(guest(...logArguments), without(host(...logArguments), state.only?.log), 'log');
  }
  if (!state.isTouched) return;
  for (const directory of [source, place.target]) touchAll(directory);
  const touched = host(...statusArguments);
  assert.equal(guest(...statusArguments), without(touched, state.only?.status), 'status of touched files');
}

test('there are at least 60 states in every run, and each has a name of its own', () => {
  assert.ok(states.length >= 60, String(states.length));
  assert.equal(new Set(allStates.map(({ name }) => name)).size, allStates.length);
});

describe('status and log are the same, or it is refused before a VM is made', {
  concurrency: workers,
}, () => {
  for (const [number, state] of states.entries()) {
    test(state.name, async () => {
      const process = free.pop() ?? (await PrepareProcess.start(maxBytes, { GIT_CONFIG_NOSYSTEM: '1' }));
      const place: Place = {
        ...{ host: join(top, `${number}/host`), guest: join(top, `${number}/guest`) },
        ...{ scratch: join(top, `${number}/scratch`), target: join(top, `${number}/guest/root/repo`) },
      };
      for (const directory of [place.host, place.guest, place.scratch])
        mkdirSync(directory, { recursive: true });
      try {
        await compare(state, place, process);
      } finally {
        free.push(process);
        rmSync(join(top, String(number)), { recursive: true, force: true, maxRetries: 5 });
      }
    });
  }
});
