import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, run } from '../../src/common/exec.ts';

const root = join(import.meta.dirname, '..', '..');
const runs = process.env.BANGER_FUZZ_RUNS ?? '20000';
const seed = process.env.BANGER_FUZZ_SEED ?? '1';
let directory = '';
let fuzz = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banger-fuzz-'));
  fuzz = join(directory, 'fuzz');
  const sources = ['http.c', 'json_read.c', 'json_write.c'].map((name) => join(root, 'guest/agent', name));
  const strict = ['-Wall', '-Wextra', '-Werror'];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  await run({
    file: 'gcc',
    args: [
      ...['-std=gnu11', '-D_GNU_SOURCE', '-O1', '-g', ...strict, ...sanitizers],
      ...['-I', join(root, 'guest/agent'), '-o', fuzz, join(import.meta.dirname, 'fuzz.c'), ...sources],
    ],
    timeoutMs: 120_000,
  });
});

after(() => rm(directory, { recursive: true, force: true }));

test(`the agent's parsers keep their promises for ${runs} mutated inputs of seed ${seed}`, async (t) => {
  const outcome = await execute({ file: fuzz, args: [runs, seed], timeoutMs: 600_000 });
  assert.equal(outcome.status, 0, outcome.stderr.slice(0, 4000));
  t.diagnostic(outcome.stdout.trim());
  assert.match(outcome.stdout, new RegExp(`^inputs=${runs} `));
});

/** What each input is to be taken for: requests, and requests whose body is no JSON object. */
const corpus: readonly (readonly [name: string, input: string, requests: number, badBodies: number])[] = [
  ['nothing', '', 0, 0],
  ['a request', 'GET /healthz HTTP/1.1\r\nX-Request-Id: a\r\n\r\n', 1, 0],
  ['a request without an id', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n', 0, 0],
  ['an id that would split the reply', 'GET / HTTP/1.1\r\nX-Request-Id: a\rb\r\n\r\n', 0, 0],
  ['an id that is too long', `GET / HTTP/1.1\r\nX-Request-Id: ${'a'.repeat(65)}\r\n\r\n`, 0, 0],
  ['the longest id', `GET / HTTP/1.1\r\nX-Request-Id: ${'a'.repeat(64)}\r\n\r\n`, 1, 0],
  ['two ids', 'GET / HTTP/1.1\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n\r\n', 0, 0],
  ['another version', 'GET / HTTP/1.0\r\nX-Request-Id: a\r\n\r\n', 0, 0],
  ['lone line ends', 'GET / HTTP/1.1\nX-Request-Id: a\n\n', 0, 0],
  ['a path that is too long', `GET /${'a'.repeat(200)} HTTP/1.1\r\nX-Request-Id: a\r\n\r\n`, 0, 0],
  ['a header that is too long', `GET / HTTP/1.1\r\nX: ${'a'.repeat(300)}\r\nX-Request-Id: a\r\n\r\n`, 0, 0],
  ['too many headers', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(400)}X-Request-Id: a\r\n\r\n`, 0, 0],
  ['a body that is too long', 'POST / HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: 1025\r\n\r\n{}', 0, 0],
  ['a length below zero', 'POST / HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: -1\r\n\r\n{}', 0, 0],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}',
    0,
    0,
  ],
  ['chunks', 'POST / HTTP/1.1\r\nX-Request-Id: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 0, 0],
  ['a GET with a body', 'GET / HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: 2\r\n\r\n{}', 0, 0],
  ['a POST', post('{"unix_ns":-9223372036854775808}'), 1, 0],
  ['two numbers', post('{"system":8589934592,"work":17592186044416}'), 1, 0],
  ['no body', 'POST / HTTP/1.1\r\nX-Request-Id: a\r\n\r\n', 0, 1],
  ['a number that is too large', post('{"unix_ns":9223372036854775808}'), 0, 1],
  ['a number with a fraction', post('{"unix_ns":1.5}'), 0, 1],
  ['a number that begins with zero', post('{"unix_ns":01}'), 0, 1],
  ['nested objects', post('{"a":{"b":1}}'), 0, 1],
  ['a key twice', post('{"a":1,"a":2}'), 0, 1],
  ['an escape', post('{"a":"\\u0041"}'), 0, 1],
  ['bytes after the object', post('{} {}'), 0, 1],
  ['an object that is not closed', post('{"a":1'), 0, 1],
  ['nine members', post(`{${[...'abcdefghi'].map((key) => `"${key}":1`).join(',')}}`), 0, 1],
  ['a request in what was taken for a body', `${post('x'.repeat(9)).slice(0, -9)}${post('{}')}`, 1, 1],
];

function post(body: string): string {
  return `POST /x HTTP/1.1\r\nX-Request-Id: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

for (const [name, input, requests, badBodies] of corpus) {
  test(`a request parser's corpus: ${name}`, async () => {
    const outcome = await execute({ file: fuzz, args: [], input, timeoutMs: 20_000 });
    assert.equal(outcome.status, 0, outcome.stderr);
    // The harness reads each input three times, and once with a good request behind it.
    assert.equal(outcome.stdout, `requests=${3 * requests + 1} bad_bodies=${3 * badBodies}\n`);
  });
}
