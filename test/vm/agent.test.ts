import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../src/store/database.ts';
import { tellCutOff } from '../../src/vm/agent.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { makeVm } from '../support/vm.ts';

const cutOff =
  'the guest agent was cut off because of a flood; what it uses and its ports are not known until it is started again';

/** A registry with one VM that has these warnings, and what is logged. */
function hostOf(t: TestContext, warnings: readonly string[]) {
  const directory = temporaryDirectory(t);
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => store.close());
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  vms.add(makeVm({ id: 'a1', name: 'web', warnings }));
  const logged: unknown[] = [];
  const write = (fields: object, message: string) => logged.push([fields, message]);
  return { vms, logged, log: { info: write, warn: write, error: write } };
}

test('an agent that is cut off is named in the log and among the warnings of its VM', (t) => {
  const host = hostOf(t, ['earlier']);
  const { vms, logged } = host;
  tellCutOff(host, 'a1', 'the guest agent was cut off because of a flood');
  tellCutOff(host, 'gone', 'the guest agent was cut off because of a flood');
  assert.deepEqual(vms.get('a1').warnings, [cutOff, 'earlier']);
  assert.deepEqual(logged, [
    [
      { vm: 'a1' },
      'web: the guest agent was cut off because of a flood; the VM continues without it until its next start',
    ],
  ]);
});

test('a guest that has filled the list of warnings does not hide that it was cut off, and it is there once', (t) => {
  const host = hostOf(
    t,
    Array.from({ length: 32 }, (_, at) => `the guest says: ${at}`),
  );
  for (let daemon = 0; daemon < 2; daemon++)
    tellCutOff(host, 'a1', 'the guest agent was cut off because of a flood');
  const { warnings } = host.vms.get('a1');
  assert.equal(warnings[0], cutOff);
  assert.equal(warnings.filter((warning) => warning === cutOff).length, 1);
});
