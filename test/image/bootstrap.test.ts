/** Where an image is made from packages, with a stand-in for each program: what they are told, and what is removed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, lchownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bootstrapSquashfs, removeBootstrap } from '../../src/image/bootstrap.ts';
import { imageRecipe } from '../../src/image/recipe.ts';
import { DirectRunner } from '../../src/job/direct-runner.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const runner = new DirectRunner();
const images = join(import.meta.dirname, '../../guest/images');

/** A bootstrap that was killed, and where mmdebstrap worked. */
function killedBootstrap(t: TestContext) {
  const scratch = temporaryDirectory(t);
  const tree = `/tmp/banger-image-${randomBytes(8).toString('hex')}`;
  t.after(() => rmSync(tree, { recursive: true, force: true }));
  writeFileSync(join(scratch, 'job'), 'banger-job-1');
  symlinkSync(tree, join(scratch, 'temporary'));
  return { scratch, tree };
}

test('the tree of a bootstrap that was killed is removed, but nothing that its links lead to', async (t) => {
  const { scratch, tree } = killedBootstrap(t);
  const kept = temporaryDirectory(t);
  writeFileSync(join(kept, 'file'), '');
  mkdirSync(join(tree, 'root/tmp'), { recursive: true });
  symlinkSync(kept, join(tree, 'root/tmp/link'));
  await removeBootstrap(scratch, runner);
  assert.equal(existsSync(tree), false);
  assert.ok(existsSync(join(kept, 'file')));
});

test('what another user has put in its place is left alone: a link, and a directory', async (t) => {
  const { scratch, tree } = killedBootstrap(t);
  const victim = temporaryDirectory(t);
  writeFileSync(join(victim, 'file'), '');
  symlinkSync(victim, tree);
  await removeBootstrap(scratch, runner);
  assert.ok(existsSync(join(victim, 'file')));
  rmSync(tree);
  mkdirSync(tree);
  writeFileSync(join(tree, 'theirs'), '');
  lchownSync(tree, 1234, 1234);
  await removeBootstrap(scratch, runner);
  assert.ok(existsSync(join(tree, 'theirs')));
});

test('the password of a mirror is in the arguments of no program', async (t) => {
  const directory = temporaryDirectory(t);
  const [bin, scratch, log] = [join(directory, 'bin'), join(directory, 'scratch'), join(directory, 'log')];
  for (const path of [bin, scratch]) mkdirSync(path);
  const stand = (name: string, script: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\necho "$0 $*" >>${log}\n${script}\n`, { mode: 0o755 });
  stand('apt-get', 'echo "https://user:canary@example.org/debian bookworm main"');
  stand('apt-config', ':');
  stand('mmdebstrap', `for last; do :; done; echo "told: $(cat "$last")" >${directory}/sources`);
  stand('tar2sqfs', 'cat >/dev/null');
  const { PATH } = process.env;
  t.after(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = `${bin}:${PATH}`;
  const work = { signal: AbortSignal.timeout(60_000), stage: () => undefined };
  const site = { job: 'banger-job-2', scratch, runner };
  const recipe = await imageRecipe(images, 'debian-bookworm');
  await bootstrapSquashfs(recipe, '/overlay.tar', join(directory, 'rootfs'), site, work);
  assert.match(readFileSync(log, 'utf8'), /mmdebstrap .*bookworm - \//);
  assert.doesNotMatch(readFileSync(log, 'utf8'), /canary/);
  assert.match(
    readFileSync(join(directory, 'sources'), 'utf8'),
    /^told: deb .*canary@example.org\/debian bookworm main/,
  );
});
