import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../src/store/database.ts';
import { tellCutOff } from '../../src/vm/agent.ts';
import { VmRegistry } from '../../src/vm/registry.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { vmRecord } from '../support/vm-record.ts';

test('an agent that is cut off is named in the log and among the warnings of its VM', (t) => {
  const directory = temporaryDirectory(t);
  const store = openStore(join(directory, 'banger.db'));
  t.after(() => store.close());
  const vms = new VmRegistry(store, { state: directory, runtime: directory });
  vms.add(vmRecord({ id: 'a1', name: 'web', warnings: '["earlier"]' }));
  const logged: unknown[] = [];
  const write = (fields: object, message: string) => logged.push([fields, message]);
  const host = { vms, log: { info: write, warn: write, error: write } };
  tellCutOff(host, 'a1', 'the guest agent was cut off because of a flood');
  tellCutOff(host, 'gone', 'the guest agent was cut off because of a flood');
  assert.deepEqual(JSON.parse(vms.get('a1').warnings), [
    'earlier',
    'the guest agent was cut off because of a flood; what it uses and its ports are not known until it is started again',
  ]);
  assert.deepEqual(logged, [
    [
      { vm: 'a1' },
      'web: the guest agent was cut off because of a flood; the VM goes on without it until it is started again',
    ],
  ]);
});
