import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Fixture, startFixture } from './old-fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
});
beforeEach(() => fixture.renew());
after(() => fixture[Symbol.asyncDispose]());

const evil = 'a\u001b]8;;http://evil\u0007b\nc\u202e';

test('ports show how they are reached or why not, without control characters of the guest', async () => {
  fixture.daemon.addVm('web', {
    ports: [
      ['tcp', '0.0.0.0', 22, '127.0.0.1', 2222, '', 'sshd', 'sshd -D', 5, '', ''],
      ['tcp', '0.0.0.0', 80, '', 0, '', 'nginx', 'nginx', 6, 'privileged', ''],
      ['tcp', '::1', 631, '', 0, '', 'cupsd', 'cupsd', 7, 'guest-only', ''],
      ['tcp', '::', 8080, '127.0.0.1', 8080, 'http', 'node', 'node x.js', 8, '', ''],
      ['tcp', '::', 8443, '127.0.0.1', 8443, 'https', evil, evil, 9, '', ''],
      ['udp', '0.0.0.0', 9000, '', 0, '', '', '', 0, 'taken', `python3 (pid 12)${evil}`],
    ],
  });
  const { status, stdout, stderr } = await fixture.run(['vm', 'ports', 'web']);
  assert.equal(status, 0, stderr);
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(lines.slice(0, 5), [
    ['PROTO', 'ENDPOINT', 'PROCESS', 'COMMAND'],
    ['tcp', '127.0.0.1:2222', 'sshd', 'sshd -D'],
    ['tcp', '0.0.0.0:80 (ports below 1024 are not forwarded)', 'nginx', 'nginx'],
    ['tcp', '[::1]:631 (in the guest only)', 'cupsd', 'cupsd'],
    ['tcp', 'http://127.0.0.1:8080/', 'node', 'node x.js'],
  ]);
  assert.equal(lines.length, 8, 'a name has broken a line');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the question
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(lines[6]?.[1] ?? '', /^0\.0\.0\.0:9000 \(not reached: python3 \(pid 12\)/);
});

test('JSON has the same, with null for what there is not', async () => {
  fixture.daemon.addVm('web', {
    ports: [
      ['tcp', '::', 443, '127.0.0.1', 443, 'https', 'node', 'node x.js', 8, '', ''],
      ['udp', '0.0.0.0', 9000, '', 0, '', '', '', 0, 'no-forwards', ''],
    ],
  });
  const { stdout } = await fixture.run(['vm', 'ports', 'web', '--json']);
  const none = { endpoint: null, url: null, process: null, command: null, pid: null };
  assert.deepEqual(JSON.parse(stdout), [
    {
      ...{ protocol: 'tcp', port: 443, guest_address: '::', endpoint: '127.0.0.1:443' },
      ...{ url: 'https://127.0.0.1/', process: 'node', command: 'node x.js', pid: 8 },
      ...{ obstacle: null, taken_by: null },
    },
    {
      ...{ protocol: 'udp', port: 9000, guest_address: '0.0.0.0' },
      ...{ ...none, obstacle: 'no-forwards', taken_by: null },
    },
  ]);
});
