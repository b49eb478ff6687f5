import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BangerError } from '../../src/common/errors.ts';
import { startBootstrap } from '../../src/workspace/bootstrap.ts';
import { prepareProcedure, prepareWorkspace } from '../../src/workspace/prepare.ts';
import type { StreamShell } from '../../src/workspace/shell.ts';
import {
  git,
  guestGit,
  listing,
  localShell,
  makePlace,
  makeRepository,
  makeWork,
  type Place,
} from './support.ts';

const old = 1_600_000_000;

function makeProject(context: TestContext, files: number, bytes: number): { place: Place; source: string } {
  const place = makePlace(context);
  const source = makeRepository(join(place.host, 'project'));
  for (let number = 0; number < files; number += 1) {
    const directory = join(source, `d${number % 100}`);
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `f${number}`);
    writeFileSync(path, `${number}`.padEnd(bytes, 'x'));
    utimesSync(path, old, old);
  }
  git(source, 'add', '.');
  git(source, 'commit', '--quiet', '-m', 'all');
  return { place, source };
}

function options(place: Place) {
  return { guestPath: place.target, scratchDirectory: place.scratch };
}

/** A shell that does something before it runs the first command: the files are listed by then. */
function interfering(place: Place, interfere: () => void): StreamShell {
  const shell = localShell(place);
  let done = false;
  return {
    execute(argv, how) {
      if (!done) interfere();
      done = true;
      return shell.execute(argv, how);
    },
  };
}

test('10,000 files arrive and no git in the guest has to read them', async (context) => {
  const { place, source } = makeProject(context, 10_000, 200);
  const work = makeWork();
  const workspace = await prepareWorkspace(localShell(place), source, options(place), work);
  assert.equal(workspace.files, 10_000);
  assert.deepEqual(listing(place.target), listing(source));
  assert.equal(guestGit(place, 'diff-files', '--name-only'), '');
  assert.deepEqual(
    work.stages,
    prepareProcedure.steps.map(({ name }) => name),
  );
});

test('the program that reads a checkout starts once for a workspace', async (context) => {
  const { place, source } = makeProject(context, 3, 10);
  const { PATH: path = '' } = process.env;
  const [programs, starts] = [join(place.host, 'programs'), join(place.host, 'starts')];
  mkdirSync(programs);
  // The reader is started by it, and nothing else is.
  const counter = `#!/bin/sh\necho start >>'${starts}'\nPATH='${path}'\nexec prlimit "$@"\n`;
  writeFileSync(join(programs, 'prlimit'), counter, { mode: 0o700 });
  context.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = `${programs}:${path}`;
  const { files } = await prepareWorkspace(localShell(place), source, options(place), makeWork());
  assert.equal(files, 3);
  assert.equal(readFileSync(starts, 'utf8'), 'start\n');
});

test('files that vanish or change on their way are counted, and git in the guest sees it', async (context) => {
  const { place, source } = makeProject(context, 20, 10);
  const shell = interfering(place, () => {
    unlinkSync(join(source, 'd3/f3'));
    writeFileSync(join(source, 'd4/f4'), 'same size.');
  });
  const workspace = await prepareWorkspace(shell, source, options(place), makeWork());
  assert.deepEqual(workspace.skipped, { count: 1, names: ['d3/f3'] });
  assert.equal(workspace.files, 19);
  assert.equal(guestGit(place, 'status', '--porcelain'), ' D d3/f3\n M d4/f4\n');
});

test('files that cannot be read are counted', async (context) => {
  const { place, source } = makeProject(context, 2, 10);
  const blob = git(source, 'rev-parse', 'HEAD:d0/f0').trim();
  const name = 'x'.repeat(300);
  git(source, 'update-index', '--add', '--cacheinfo', `100644,${blob},${name}`);
  const workspace = await prepareWorkspace(localShell(place), source, options(place), makeWork());
  assert.deepEqual(workspace.skipped, { count: 1, names: [name] });
  assert.deepEqual(listing(place.target), listing(source));
});

test('cancelling in the middle leaves nothing in the guest and no process', async (context) => {
  const { place, source } = makeProject(context, 200, 100_000);
  const controller = new AbortController();
  const shell = localShell(place);
  const cancelling: StreamShell = {
    execute(argv, how) {
      let seen = 0;
      const input = how.input?.pipe(new PassThrough());
      input?.on('data', (chunk: Buffer) => {
        seen += chunk.length;
        if (seen > 1_000_000) controller.abort();
      });
      return shell.execute(argv, { ...how, input });
    },
  };
  const began = Date.now();
  await assert.rejects(prepareWorkspace(cancelling, source, options(place), makeWork(controller.signal)), {
    code: 'Cancelled',
  });
  assert.ok(Date.now() - began < 10_000);
  await assertNothingLeft(place);
});

test('what is cancelled at its very end is taken out of the guest again', async (context) => {
  const { place, source } = makeProject(context, 3, 10);
  const controller = new AbortController();
  const marked = new Set<string>();
  const mark = {
    remember: (path: string) => void marked.add(path),
    forget: (path: string) => void marked.delete(path),
  };
  const shell = localShell(place);
  const cancelling: StreamShell = {
    async execute(argv, how) {
      const outcome = await shell.execute(argv, how);
      if (existsSync(place.target)) controller.abort();
      return outcome;
    },
  };
  const all = { ...options(place), mark };
  await assert.rejects(prepareWorkspace(cancelling, source, all, makeWork(controller.signal)), {
    code: 'Cancelled',
  });
  await assertNothingLeft(place);
  assert.equal(marked.size, 0);
});

test('what the guest does not let go of stays marked', async (context) => {
  const { place, source } = makeProject(context, 3, 10);
  const marked = new Set<string>();
  const mark = {
    remember: (path: string) => void marked.add(path),
    forget: (path: string) => void marked.delete(path),
  };
  const shell = localShell(place);
  const breaking: StreamShell = {
    execute: (argv, how) =>
      how.input || argv[0] === 'rm'
        ? Promise.reject(new BangerError('GuestUnreachable', 'gone'))
        : shell.execute(argv, how),
  };
  await assert.rejects(prepareWorkspace(breaking, source, { ...options(place), mark }, makeWork()), {
    code: 'GuestUnreachable',
  });
  const [left = ''] = marked;
  assert.equal(existsSync(left), true);
  await prepareWorkspace(shell, source, { ...options(place), mark }, makeWork());
  assert.deepEqual([existsSync(left), [...marked]], [false, [left]]);
});

test('a connection that breaks leaves nothing on the host', async (context) => {
  const { place, source } = makeProject(context, 200, 100_000);
  const shell = localShell(place);
  const breaking: StreamShell = {
    async execute(argv, how) {
      if (!how.input) return shell.execute(argv, how);
      for await (const _ of how.input) break;
      throw new BangerError('GuestUnreachable', 'the guest went away');
    },
  };
  await assert.rejects(prepareWorkspace(breaking, source, options(place), makeWork()), {
    code: 'GuestUnreachable',
  });
  await assertNothingLeft(place);
});

test('an archive that breaks off, within a file or between two, is not taken for whole', async (context) => {
  const { place, source } = makeProject(context, 200, 512);
  const shell = localShell(place);
  const cutAt = (bytes: number): StreamShell => ({
    execute(argv, how) {
      // Nobody cleans up from the host.
      if (argv[0] === 'rm') return Promise.reject(new BangerError('GuestUnreachable', 'gone'));
      let left = bytes;
      const input = how.input?.pipe(
        new Transform({
          transform(chunk: Buffer, _encoding, done) {
            const part = chunk.subarray(0, left);
            left -= part.length;
            done(null, part);
          },
        }),
      );
      return shell.execute(argv, { ...how, input });
    },
  });
  const messages: string[] = [];
  // Each file is a header and a block of 512 bytes: one of these cuts is before the block, one after it.
  for (const bytes of [102_400, 102_400 + 512]) {
    await assert.rejects(prepareWorkspace(cutAt(bytes), source, options(place), makeWork()), (error) => {
      assert.ok(error instanceof BangerError && error.code === 'GuestFailed');
      messages.push(error.message);
      return true;
    });
    await assertNothingLeft(place);
  }
  assert.equal(messages.filter((message) => message.includes('the archive broke off')).length, 1);
});

test('a guest with a full disk or without tar is reported', async (context) => {
  const { place, source } = makeProject(context, 200, 100_000);
  const bin = fakePrograms(place, {
    tar: 'echo "tar: x: Cannot write: No space left on device" >&2; exit 2',
  });
  const full = localShell(place, { PATH: `${bin}:${process.env.PATH}` });
  await assert.rejects(prepareWorkspace(full, source, options(place), makeWork()), { code: 'DiskFull' });
  await assertNothingLeft(place);

  const none = localShell(place, { PATH: linkedPrograms(place, ['sh', 'ls', 'mkdir', 'rm']) });
  await assert.rejects(prepareWorkspace(none, source, options(place), makeWork()), {
    code: 'GuestFailed',
    message: /no tar/,
  });
});

test('a guest without git or with busybox only gets the same', async (context) => {
  const { place, source } = makeProject(context, 50, 100);
  writeFileSync(join(source, 'd1', 'a very long name '.repeat(12)), 'x');
  const bin = join(place.host, 'busybox');
  mkdirSync(bin);
  execFileSync('busybox', ['--install', '-s', bin]);
  const shell = localShell(place, { PATH: bin });
  await prepareWorkspace(shell, source, options(place), makeWork());
  assert.deepEqual(listing(place.target), listing(source));
  assert.equal(guestGit(place, 'diff-files', '--name-only'), '');
});

test('the bootstrap of mise runs in the background and logs in private', async (context) => {
  const { place } = makeProject(context, 1, 1);
  const workspace = join(place.guest, 'with space');
  mkdirSync(workspace);
  const { signal } = makeWork();
  const bin = fakePrograms(place, {
    mise: 'sleep 0.3; echo "mise $* in $PWD"; [ "$1" != install ] || exit 7',
  });
  const without = localShell(place, { PATH: '/usr/bin:/bin' });
  const shell = localShell(place, { PATH: `${bin}:/usr/bin:/bin` });
  assert.equal(await startBootstrap(shell, workspace, signal), 'not-configured');
  writeFileSync(join(workspace, '.mise.toml'), '');
  assert.equal(await startBootstrap(without, workspace, signal), 'no-mise');
  assert.equal(await startBootstrap(shell, join(place.guest, 'absent'), signal), 'failed');
  assert.equal(await startBootstrap(shell, workspace, signal), 'started');
  const log = join(place.guest, '.cache/banger/mise-bootstrap.log');
  assert.doesNotMatch(readFileSync(log, 'utf8'), /ended/, 'it did not wait for mise');
  for (let tries = 0; tries < 100 && !/ended/.test(readFileSync(log, 'utf8')); tries += 1) await sleep(50);
  assert.equal(
    readFileSync(log, 'utf8'),
    `mise trust .mise.toml in ${workspace}\nmise install in ${workspace}\nmise install ended with status 7\n`,
  );
  assert.equal(statSync(log).mode & 0o777, 0o600);
  assert.equal(statSync(join(log, '..')).mode & 0o777, 0o700);
});

async function assertNothingLeft(place: Place): Promise<void> {
  assert.deepEqual(readdirSync(place.scratch), []);
  assert.ok(!existsSync(join(place.guest, 'root')) || readdirSync(join(place.guest, 'root')).length === 0);
  const using = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(place.scratch);
      } catch {
        return false;
      }
    });
  for (let tries = 0; tries < 40 && using().length > 0; tries += 1) await sleep(50);
  assert.deepEqual(using(), []);
}

function fakePrograms(place: Place, programs: Record<string, string>): string {
  const bin = join(place.host, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

function linkedPrograms(place: Place, names: string[]): string {
  const bin = join(place.host, 'few');
  mkdirSync(bin);
  for (const name of names) execFileSync('ln', ['-s', `/bin/${name}`, join(bin, name)]);
  return bin;
}
