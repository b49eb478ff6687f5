/** The packages as files: what the tools of the distributions say of them, and whether building them twice is the same. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { checkout } from '../support/guest-home.ts';
import { runProgram } from '../support/program.ts';
import { buildPackage, fastDeb } from './support/deb.ts';

const directory = mkdtempSync('/var/tmp/banger-packages-');
/** lintian takes a minute where it has a core for itself. */
const timeoutMs = 600_000;
let deb: string;
let rpm: string;
before(async () => {
  deb = await buildPackage('deb', directory);
  rpm = await buildPackage('rpm', directory);
});
after(() => rmSync(directory, { recursive: true }));

async function says(file: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram(file, args, { timeoutMs });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout.toString('utf8');
}

/** The digest of a part of a Debian package, as dpkg-deb unpacks it. */
function digest(part: string, path: string): Promise<string> {
  return says('bash', '-o', 'pipefail', '-euc', 'dpkg-deb "$1" "$2" | sha256sum', 'bash', part, path);
}

// None changes a package, and lintian takes as long as the others together.
suite('packages', { concurrency: true }, () => {
  test('lintian has nothing to say that is not explained', async () => {
    const said = await runProgram('lintian', ['--allow-root', deb], { timeoutMs });
    assert.equal(said.stdout.toString(), '', said.stderr);
  });

  test('rpmlint has nothing to say that is not explained', async () => {
    const config = join(checkout, 'packaging/rpm/rpmlint.toml');
    const said = await says('rpmlint', '--config', config, rpm);
    assert.match(said, /\b0 errors, 0 warnings\b/, said);
  });

  test('packages that are built twice are equal', async () => {
    const again = join(directory, 'again');
    mkdirSync(again);
    const secondRpm = await buildPackage('rpm', again);
    assert.ok(readFileSync(secondRpm).equals(readFileSync(rpm)), 'the rpm is another one');
    // The compression of the same files by xz is what takes a minute, and it is not ours.
    const secondDeb = await buildPackage('deb', again, fastDeb);
    for (const part of ['--ctrl-tarfile', '--fsys-tarfile']) {
      const [first, second] = await Promise.all([deb, secondDeb].map((path) => digest(part, path)));
      assert.equal(second, first, `the deb has another ${part}`);
    }
  });

  test('the RPM package installs into a root, verifies, runs and goes', async () => {
    const root = join(directory, 'root');
    mkdirSync(root);
    const run = (...args: string[]) => says('rpm', '--root', root, ...args);
    await run('--initdb');
    // There is no Fedora here: what it needs is not in the root, nor what its scriptlets run.
    await run('--install', '--nodeps', '--noscripts', rpm);
    await run('--verify', '--nodeps', '--noscripts', 'banger');
    assert.match(await says(join(root, 'usr/bin/banger'), '--version'), /^banger \d+\.\d+\.\d+\n$/);
    await run('--erase', '--noscripts', 'banger');
    assert.equal(await says('find', root, '-name', '*banger*'), '');
    const needs = await says('rpm', '--query', '--package', '--requires', rpm);
    assert.match(needs, /^libsystemd\.so\.0/m);
    assert.match(needs, /^\(qemu-system-x86-core or qemu-kvm-core\)$/m);
  });
});
