import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { node, sharedCheckout } from './support/checkout.ts';
import { openHost, type TestHost } from './support/host.ts';

const program = join(import.meta.dirname, 'support/supervise.ts');
const killed = { clean: false, how: 'was killed by SIGKILL' };
const exited = (status: number) => ({ clean: status === 0, how: `exited with status ${status}` });

let host: TestHost;
before(async () => {
  host = await openHost({ shared: sharedCheckout() });
  await host.login('alice');
});
after(() => host.close());

test('programs are supervised as units, whatever they do and whichever daemon started them', async () => {
  const { status, stdout, stderr } = await host.asUser('alice', [node, program]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  const seen = JSON.parse(stdout.toString());
  assert.match(seen.twice, /^banger-vm-stubborn\.service is active; stop it/);
  delete seen.twice;
  assert.deepEqual(seen, {
    atOnce: exited(3),
    wordless: exited(0),
    absent: exited(127),
    term: true,
    stillRuns: true,
    killed: [false, killed],
    again: exited(0),
    found: true,
    alone: [true, true],
    adopted: killed,
    foundNoMore: 'nothing',
    heard: killed,
  });
  assert.deepEqual(await host.units('banger-vm-*', 'alice'), []);
  assert.match(
    await host.userSays('alice', 'cat', '/home/alice/supervised/log'),
    /\/nonexistent.: No such file/,
  );
  // What the program said is in the journal, too. Of who has ended already, the journal cannot tell the unit.
  const entries = await host.journal({ user: 'alice', fields: { SYSLOG_IDENTIFIER: 'banger-vm-absent' } });
  assert.ok(entries.some(({ MESSAGE }) => /\/nonexistent.: No such file/.test(MESSAGE ?? '')));
});
