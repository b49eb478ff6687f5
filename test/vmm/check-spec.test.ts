import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSpec } from '../../src/vmm/check-spec.ts';
import { spec } from './spec.ts';

test('a proper machine passes', () => {
  checkSpec(spec());
  checkSpec(spec({ drives: [{ path: '/a, b=c', readonly: false }] }));
});

const mac = '52:54:00:00:00:01';
const wrong = {
  'no vCPU': spec({ vcpus: 0 }),
  'half a vCPU': spec({ vcpus: 1.5 }),
  'a thousand vCPUs': spec({ vcpus: 1000 }),
  'memory that is no number': spec({ memoryBytes: Number.NaN }),
  'memory of a broken MiB': spec({ memoryBytes: 100 * 1024 * 1024 + 1 }),
  'too little memory': spec({ memoryBytes: 1024 * 1024 }),
  'nine drives': spec({ drives: Array.from({ length: 9 }, () => ({ path: '/d', readonly: true })) }),
  'a relative path': spec({ initrd: 'initrd' }),
  'a path with a newline': spec({ consoleFile: '/a\nb' }),
  'a path with a zero': spec({ vmlinux: '/a\0b' }),
  'a word with a space': spec({ commandLine: ['banger.a=b init=/bin/sh'] }),
  'a word with a quote': spec({ commandLine: ['banger.a="b'] }),
  'an empty word': spec({ commandLine: [''] }),
  'a multicast address': spec({ network: { kind: 'tap', name: 'a', mac: '53:54:00:00:00:01' } }),
  'an option for an address': spec({ network: { kind: 'tap', name: 'a', mac: `${mac},x=y` } }),
  'an option for a tap': spec({ network: { kind: 'tap', name: 'a,script=/x', mac } }),
  'a long tap': spec({ network: { kind: 'tap', name: 'a'.repeat(16), mac } }),
};
for (const [what, machine] of Object.entries(wrong)) {
  test(`${what} is refused`, () => assert.throws(() => checkSpec(machine), { code: 'InvalidArgs' }));
}
