/** A user has one bus of the session, and may have several homes. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bus } from '../../src/bus/connection.ts';
import { toErrorReply } from '../../src/bus/errors.ts';
import { messageType } from '../../src/bus/wire.ts';
import { BangerError } from '../../src/common/errors.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;

before(async () => {
  fixture = await startFixture();
  await fixture.renew();
});
after(() => fixture[Symbol.asyncDispose]());

test('the daemon of another home is not taken for that of this one', async () => {
  const other = join(fixture.directory, 'other');
  mkdirSync(other, { mode: 0o700 });
  for (const args of [
    ['vm', 'list'],
    ['vm', 'delete', 'web', '--yes'],
    ['daemon', 'stop'],
  ]) {
    const { status, stdout, stderr } = await fixture.run(args, { env: { HOME: other } });
    assert.match(
      stderr,
      /^banger: the bangerd of this session \(pid \d+\) has the VMs of \S+, not those of \S+\/other\/\.local\/state\/banger; use the HOME and XDG_STATE_HOME that it was started with, or /,
    );
    assert.equal(stdout, '');
    assert.equal(status, 1);
  }
});

test('a daemon that refuses to serve has its own words, whoever asks', async () => {
  await fixture.daemon.crash();
  const bus = await Bus.connect(fixture.bus.address, 5_000);
  try {
    const newer = new BangerError('HostNotReady', 'the database is of a newer banger', {
      remedy: 'upgrade it',
    });
    // It has the name for as long as somebody waits for it, and here until the command has asked.
    assert.ok(await bus.requestName('org.banger.Manager1'));
    bus.serve(({ serial, sender }) => {
      const { name, message } = toErrorReply(newer) ?? { name: '', message: '' };
      const header = { replySerial: serial, destination: sender ?? '', errorName: name, signature: 's' };
      bus.send({ type: messageType.error, ...header }, [message]);
    });
    const { status, stderr } = await fixture.run(['vm', 'list']);
    assert.equal(stderr, 'banger: the database is of a newer banger; upgrade it\n');
    assert.equal(status, 1);
  } finally {
    bus.close();
    await fixture.renew();
  }
});

test('a link to the home is the same home', async () => {
  const link = join(fixture.directory, 'link');
  symlinkSync(fixture.directory, link);
  const { status, stderr } = await fixture.run(['vm', 'list'], { env: { HOME: link } });
  assert.equal(stderr, 'banger: there is no VM yet; `banger vm run` makes one\n');
  assert.equal(status, 0);
});
