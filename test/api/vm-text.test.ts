import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Services } from '../../src/api/services.ts';
import { vmObject } from '../../src/api/vm.ts';
import { makeVm } from '../support/vm.ts';

test('what a guest or an internal error left in the record of a VM is told harmless', () => {
  const evil = 'it said \u001b[2J\u009b2J\u200b\u202e\u{e0041}';
  const vm = makeVm({ lastError: evil, warnings: [evil, 'plain'] });
  // What these properties need of the services.
  const services = { vms: { get: () => vm } } as unknown as Services;
  const { properties } = vmObject(services, vm.id);
  const shown = 'it said \ufffd[2J\ufffd2J<U+200B><U+202E><U+E0041>';
  assert.equal(properties.LastError(), shown);
  assert.deepEqual(properties.Warnings(), [shown, 'plain']);
});
