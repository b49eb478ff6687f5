import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../../src/common/exec.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = join(import.meta.dirname, '../..');

test('the contract in TypeScript is made from dbus/*.xml as it is', async () => {
  const { status, stderr } = await execute({
    file: process.execPath,
    args: [join(root, 'scripts/generate-contract.ts'), '--check'],
    timeoutMs: 30_000,
  });
  assert.equal(status, 0, stderr);
});

test('gdbus-codegen makes a client of dbus/*.xml, and takes its comments for documentation', async (t) => {
  const directory = temporaryDirectory(t);
  const files = globSync(join(root, 'dbus/*.xml'));
  assert.ok(files.length >= 5);
  const pages = ['--generate-docbook', join(directory, 'docs')];
  const code = ['--generate-c-code', join(directory, 'code')];
  for (const args of [pages, code]) {
    const { status, stderr } = await execute({
      file: 'gdbus-codegen',
      args: [...args, ...files],
      timeoutMs: 60_000,
    });
    assert.equal(status, 0, stderr);
  }
  assert.ok(existsSync(join(directory, 'code.h')));
  const docs = readFileSync(join(directory, 'docs-org.banger.Manager1.xml'), 'utf8');
  assert.match(docs, /A DNS label of at most 63 characters; empty picks/);
});
