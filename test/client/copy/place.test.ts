import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { absoluteInGuest, guestSource, hostSource, pathOnHost } from '../../../src/client/copy/place.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a tilde in a guest is the home of root', () => {
  assert.equal(absoluteInGuest('~'), '/root');
  assert.equal(absoluteInGuest('~/f'), '/root/f');
  assert.equal(absoluteInGuest('~/d/'), '/root/d/');
  assert.equal(absoluteInGuest('./~'), '/root/./~');
  assert.equal(absoluteInGuest('a~/~'), '/root/a~/~');
  assert.deepEqual(guestSource('~/d/f'), { directory: '/root/d', name: 'f', typed: '~/d/f' });
});

test('the home of another user in a guest is refused with the two things that can be meant', () => {
  assert.throws(() => absoluteInGuest('~bob/f'), {
    code: 'InvalidArgs',
    message:
      /^~bob\/f: ~bob is not known here; write \.\/~bob\/f for a file of this name, and \/home\/bob for a home$/,
  });
});

test('a relative path here stays relative', () => {
  assert.deepEqual(hostSource('d/f'), { directory: 'd', name: 'f', typed: 'd/f' });
  assert.deepEqual(hostSource('f'), { directory: '.', name: 'f', typed: 'f' });
  assert.deepEqual(hostSource('..'), { directory: '..', name: '.', typed: '..' });
  assert.equal(pathOnHost('d/f/'), 'd/f');
  assert.equal(pathOnHost('/'), '/');
});

test('a working directory that was removed is told as such for relative paths only', (t) => {
  const [gone, before] = [join(temporaryDirectory(t), 'gone'), process.cwd()];
  mkdirSync(gone);
  process.chdir(gone);
  t.after(() => process.chdir(before));
  rmdirSync(gone);
  const expected = {
    code: 'CommandFailed',
    message: /^f: the working directory was removed; change to one that exists$/,
  };
  assert.throws(() => hostSource('f'), expected);
  assert.throws(() => pathOnHost('f'), expected);
  assert.equal(pathOnHost('/tmp/f'), '/tmp/f');
});
