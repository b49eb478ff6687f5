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
import { makeScene, runGit, type State } from './states/state.ts';
import { guestGit, type Place } from './support.ts';

const states: State[] = [...attributeStates];
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
  const guest = (...args: string[]) => guestGit(place, ...args);
  const status = host(...statusArguments);
  assert.equal(guest(...statusArguments), without(status, state.only?.status), 'status');
  if (!status.includes('# branch.oid (initial)')) {
    assert.equal(guest(...logArguments), without(host(...logArguments), state.only?.log), 'log');
  }
  if (state.hasFilter) return;
  for (const directory of [source, place.target]) touchAll(directory);
  const touched = host(...statusArguments);
  assert.equal(guest(...statusArguments), without(touched, state.only?.status), 'status of touched files');
}

test('there are at least 24 states, and each has a name of its own', () => {
  assert.ok(states.length >= 24, String(states.length));
  assert.equal(new Set(states.map(({ name }) => name)).size, states.length);
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
