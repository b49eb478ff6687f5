import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execute, type Outcome } from '../../src/common/exec.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const checker = join(import.meta.dirname, '..', '..', 'scripts', 'check-layers.ts');

/** What the check says of sources given as their paths and texts. */
function checkSources(t: TestContext, sources: Record<string, string>): Promise<Outcome> {
  const directory = temporaryDirectory(t);
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return execute({ file: process.execPath, args: [checker, directory], timeoutMs: 30_000 });
}

test('imports that point down are fine', async (t) => {
  const { status, stderr } = await checkSources(t, {
    'cli/main.ts': "import { Cli } from 'clipanion';\nimport { a } from '../client/a.ts';\n",
    'client/a.ts': "import { a } from '../bus/a.ts';\n",
    'daemon/root-grants.ts': "import { Network } from '../netd/network.ts';\n",
    'bus/a.ts': "import dbus from 'dbus-next';\nimport { b } from '../common/b.ts';\n",
    'daemon/main.ts': "import pino from 'pino';\nimport { vm } from '../api/vm.ts';\n",
    'api/vm.ts':
      "import {\n  type One,\n  two,\n} from '../vm/vm.ts';\nimport type { A } from '../bus/a.ts';\n",
    'vm/vm.ts': "import { join } from 'node:path';\nimport { c } from '../store/c.ts';\n",
    'store/c.ts': "import Database from 'better-sqlite3';\n",
    'vmm/qemu/driver.ts': "import type { Driver } from '../machine.ts';\nimport './command.ts';\n",
    'common/b.ts': "export const text = 'nothing from \\'../vm/vm.ts\\' here';\n",
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

const violations: [what: string, file: string, text: string, says: RegExp][] = [
  [
    'the client and the daemon',
    'cli/a.ts',
    "import { x } from '../vm/x.ts';",
    /cli imports nothing but client/,
  ],
  ['the client and a validator', 'cli/a.ts', "import { type } from 'arktype';", /client never loads arktype/],
  ['what the client loads', 'common/a.ts', "import 'ssh2/lib/x.js';", /client never loads ssh2/],
  ['an import up', 'store/a.ts', "import type { X } from '../vm/x.ts';", /store is below vm/],
  ['an export from above', 'common/a.ts', "export * from '../store/x.ts';", /common is below store/],
  ['D-Bus in the domain', 'vm/a.ts', "import type { B } from '../bus/b.ts';", /vm knows nothing of D-Bus/],
  ['the D-Bus library', 'api/a.ts', "import dbus from 'dbus-next';", /only bus may import dbus-next/],
  [
    'the two drivers',
    'vmm/qemu/a.ts',
    "import { x } from '../firecracker/x.ts';",
    /know nothing of each other/,
  ],
  [
    'the daemon and the client',
    'daemon/a.ts',
    "import '../cli/main.ts';",
    /daemon and cli are separate programs/,
  ],
  [
    'the client and the daemon itself',
    'cli/a.ts',
    "import '../daemon/a.ts';",
    /cli and daemon are separate programs/,
  ],
  [
    'the daemon and netd',
    'daemon/a.ts',
    "import '../netd/taps.ts';",
    /daemon and netd are separate programs/,
  ],
  ['netd and the daemon', 'netd/a.ts', "import '../daemon/a.ts';", /netd and daemon are separate programs/],
  [
    'the daemon and the reader',
    'daemon/a.ts',
    "import '../checkout/a.ts';",
    /daemon and checkout are separate/,
  ],
  [
    'powerdown and preload',
    'powerdown/a.ts',
    "import '../preload/a.ts';",
    /powerdown and preload are separate/,
  ],
  [
    'a program, by the domain',
    'workspace/a.ts',
    "import '../checkout/a.ts';",
    /checkout is a program; nothing imports/,
  ],
  [
    'the command line, by the client',
    'client/a.ts',
    "import '../cli/a.ts';",
    /cli is a program; nothing imports it/,
  ],
  [
    'the domain, by the client',
    'client/a.ts',
    "import { x } from '../vm/x.ts';",
    /client imports nothing but bus/,
  ],
  ['the client, by the daemon', 'daemon/a.ts', "import '../client/a.ts';", /only cli may import client/],
  ['the bus, by the command line', 'cli/a.ts', "import '../bus/a.ts';", /cli imports nothing but client/],
  [
    'a parser of commands, by the client',
    'client/a.ts',
    "import 'clipanion';",
    /only cli may import clipanion/,
  ],
  ['D-Bus in a means', 'network/a.ts', "import { b } from '../bus/b.ts';", /network knows nothing of D-Bus/],
  ['an import on demand', 'vmm/a.ts', "const x = await import('../api/x.ts');", /vmm is below api/],
  ['an import of several lines', 'vmm/a.ts', "import {\n  x,\n} from '../api/x.ts';", /vmm is below api/],
  ['a folder without a layer', 'misc/a.ts', "import { x } from '../common/x.ts';", /src\/misc has no layer/],
];
for (const [what, file, text, says] of violations) {
  test(`refused: ${what}`, async (t) => {
    const { status, stderr } = await checkSources(t, { [file]: `${text}\n` });
    assert.equal(status, 1);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

test('refused: folders of one layer that need each other', async (t) => {
  const { status, stderr } = await checkSources(t, {
    'vm/a.ts': "import { x } from '../image/x.ts';\n",
    'image/x.ts': "import { y } from '../kernel/y.ts';\n",
    'kernel/y.ts': "import { a } from '../vm/a.ts';\n",
  });
  assert.equal(status, 1);
  assert.equal(stderr.trim(), 'folders that need each other: image → kernel → vm → image');
});

test('refused: no sources at all, so that a wrong directory does not pass', async (t) => {
  const { status, stderr } = await checkSources(t, { 'vm/a.txt': '' });
  assert.equal(status, 1);
  assert.match(stderr, /no import found/);
});
