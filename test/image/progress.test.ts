import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapProgress } from '../../src/image/progress.ts';

function recorder() {
  const told: [string, number | undefined][] = [];
  const read = bootstrapProgress({
    signal: new AbortController().signal,
    stage: (name, progress) => void told.push([name, progress]),
  });
  return { told, read };
}

test('stages and their progress are read from what mmdebstrap says, however it is cut', () => {
  const text = [
    'I: automatically chosen mode: root',
    'I: running apt-get update...',
    'Get:1 http://mirror.example/debian bookworm InRelease [151 kB]',
    'I: downloading packages with apt...',
    '0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.',
    'Get:1 http://mirror.example/debian bookworm/main amd64 libc6 [2759 kB]',
    'Get:2 http://mirror.example/debian bookworm/main amd64 mawk [119 kB]',
    'I: extracting archives...',
    'I: installing essential packages...',
    'Unpacking libc6 (2.36) ...',
    'Setting up libc6 (2.36) ...',
    'I: installing remaining packages inside the chroot...',
    '0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.',
    'Get:1 http://mirror.example/debian bookworm/main amd64 git [1 kB]',
    'Unpacking git (1) ...',
    'Setting up git (1) ...',
    'I: creating tarball...',
    '',
  ].join('\n');
  const expected = [
    ['image-index', undefined],
    ['image-download', undefined],
    ['image-download', 0.5],
    ['image-download', 1],
    ['image-base', undefined],
    ['image-base', 0.25],
    ['image-base', 0.5],
    ['image-packages', undefined],
    ['image-packages', 1 / 3],
    ['image-packages', 2 / 3],
    ['image-packages', 1],
    ['image-pack', undefined],
  ];
  for (const size of [1, 7, text.length]) {
    const { told, read } = recorder();
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size));
    assert.deepEqual(told, expected, `pieces of ${size}`);
  }
});

test('progress never passes 1 and is told a percent at a time', () => {
  const { told, read } = recorder();
  read('I: downloading packages with apt...\n1000 upgraded, 1000 newly installed, x\n');
  for (let index = 0; index < 3_000; index++) read(`Get:${index} x\n`);
  const values = told.map(([, progress]) => progress ?? 0);
  assert.equal(Math.max(...values), 1);
  assert.ok(values.filter((value) => value < 1).length <= 101);
});
