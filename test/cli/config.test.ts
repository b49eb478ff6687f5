import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { knownKeys } from '../../src/config/schema.ts';
import { type Fixture, startFixture } from './fixture.ts';

let fixture: Fixture;
let directory: string;
let file: string;

before(async () => {
  fixture = await startFixture();
  // None of these commands needs a daemon.
  directory = join(fixture.directory, '.config', 'banger');
  file = join(directory, 'config.toml');
});
beforeEach(() => rmSync(directory, { recursive: true, force: true }));
after(() => fixture[Symbol.asyncDispose]());

function configure(text: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, text);
}

test('config path prints the path, whether or not it exists', async () => {
  assert.deepEqual(await outcome(['config', 'path']), [0, `${file}\n`, '']);
  configure('vmm = 1');
  assert.deepEqual(await outcome(['config', 'path']), [0, `${file}\n`, '']);
  const elsewhere = await fixture.run(['config', 'path'], { env: { XDG_CONFIG_HOME: '/x' } });
  assert.equal(elsewhere.stdout, '/x/banger/config.toml\n');
});

async function outcome(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = await fixture.run(args, { env });
  return [status, stdout, stderr];
}

test('config show prints every setting and its origin', async () => {
  configure(
    [
      'network = "user"',
      'default_dns = ["9.9.9.9", "1.1.1.1"]',
      'log_level = "warn"',
      'runtime_dir = "/x"',
      'auto_stop_stale_after = "90m"',
      '[vm_defaults]',
      'memory = "1536M"',
      '[[file_sync]]',
      'host = "~/.gitconfig"',
      'guest = "~/.gitconfig"',
      'mode = "600"',
    ].join('\n'),
  );
  const { status, stdout, stderr } = await fixture.run(['config', 'show']);
  assert.equal(status, 0);
  const rows = new Map(
    stdout.split('\n').map((line): [string, string] => {
      const [key = '', ...rest] = line.split(/ {2,}/);
      return [key, rest.join(' | ')];
    }),
  );
  const wanted: [key: string, value: string][] = [
    ['KEY', 'VALUE | FROM'],
    ['log_level', `warn | config ${file}:3`],
    ['default_image_name', 'debian-bookworm | built-in'],
    ['ssh_key_path', `${directory}/ssh/id_ed25519 | built-in`],
    ['network', `user | config ${file}:1`],
    ['default_dns', `9.9.9.9, 1.1.1.1 | config ${file}:2`],
    ['auto_stop_stale_after', `1h30m | config ${file}:5`],
    ['stats_poll_interval', '10s | built-in'],
    ['bridge_name', '- | built-in'],
    ['vm_defaults.memory', `1536M | config ${file}:7`],
    ['vm_defaults.disk_size', '8G | built-in'],
    ['file_sync[0]', `${fixture.directory}/.gitconfig → /root/.gitconfig (0600) | config ${file}:8`],
  ];
  for (const [key, value] of wanted) assert.equal(rows.get(key), value, key);
  assert.match(rows.get('vm_defaults.vcpu') ?? '', /^\d+ \| (host|built-in)$/);
  assert.match(stderr, /^banger: warning: .*config\.toml:4: runtime_dir of the older tool is ignored: .*\n$/);
  const overridden = await fixture.run(['config', 'show', '--json'], { env: { BANGER_LOG_LEVEL: 'debug' } });
  const settings: { key: string }[] = JSON.parse(overridden.stdout);
  assert.deepEqual(
    settings.find(({ key }) => key === 'log_level'),
    { key: 'log_level', value: 'debug', origin: 'environment', place: 'BANGER_LOG_LEVEL' },
  );
  assert.deepEqual(
    settings.find(({ key }) => key === 'file_sync'),
    {
      key: 'file_sync',
      value: [{ host: `${fixture.directory}/.gitconfig`, guest: '/root/.gitconfig', mode: '0600' }],
      origin: 'config',
      place: `${file}:8`,
    },
  );
  const keys = Object.entries(knownKeys).flatMap(([table, names]) => {
    if (table === 'file_sync') return [];
    return names
      .filter((name) => name !== 'vm_defaults')
      .map((name) => (table === '' ? name : `${table}.${name}`));
  });
  assert.deepEqual(settings.map(({ key }) => key).sort(), keys.sort());
});

test('config show of a broken configuration is one line', async () => {
  configure('vmm = 1\nnetwork = 2\n');
  assert.deepEqual(await outcome(['config', 'show']), [
    1,
    '',
    `banger: ${file}:1: vmm must be "auto" or "qemu" or "firecracker", it is 1, and 1 more; \`banger config check\` lists them\n`,
  ]);
});

test('config check prints one line for each error and each warning', async () => {
  const absent = await outcome(['config', 'check']);
  assert.deepEqual(absent, [0, `ok: ${file} is not there, which is fine\n`, '']);
  configure('vmm = "qemu"\n');
  assert.deepEqual(await outcome(['config', 'check']), [0, `ok: ${file}\n`, '']);
  configure('runtime_dir = "f"\nvm_defaults = 7\n[[file_sync]]\nhost = x\n"\\u001b" = 1\n');
  const [status, stdout, stderr] = await outcome(['config', 'check'], { BANGER_LOG_LEVEL: 'loud' });
  assert.equal(status, 1);
  assert.equal(stderr, '');
  assert.deepEqual(String(stdout).split('\n'), [
    `error: ${file}:2: vm_defaults must be a table; it is 7`,
    `error: ${file}:4: is not valid TOML: invalid value; write KEY = VALUE, with texts in quotes`,
    `error: ${file}:5: file_sync[0]."\\u001b" is not a setting; known here: host, guest, mode`,
    'error: BANGER_LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error',
    `warning: ${file}:1: runtime_dir of the older tool is ignored: banger finds its own parts; leave it out`,
    '',
  ]);
});

test('config check reports a file that is a directory, missing or valid', async () => {
  const other = join(fixture.directory, 'other.toml');
  writeFileSync(other, 'vmm = "qemu"\n\nnetwork = "nat"\n');
  assert.deepEqual(await outcome(['config', 'check', other]), [
    1,
    `error: ${other}:3: network must be "auto" or "user" or "bridge" or "none"; it is "nat"\n`,
    '',
  ]);
  const [status, stdout] = await outcome(['config', 'check', fixture.directory]);
  assert.deepEqual([status, stdout], [1, `error: ${fixture.directory} cannot be read: it is a directory\n`]);
  const [none, , why] = await outcome(['config', 'check', '/no/such']);
  assert.deepEqual([none, why], [1, 'banger: there is no file /no/such; give one that is there\n']);
  assert.equal((await fixture.run(['config', 'check', ''])).status, 2);
  assert.equal((await fixture.run(['config', 'check', 'a', 'b'])).status, 2);
});

for (const command of ['run', 'create']) {
  test(`vm ${command} --help tells the defaults of this machine and where they came from`, async () => {
    const words = async () => {
      const { status, stdout, stderr } = await fixture.run(['vm', command, '--help']);
      assert.deepEqual([status, stderr], [0, '']);
      return stdout.replace(/\s+/g, ' ');
    };
    const plain = await words();
    assert.match(plain, /--vcpu N Virtual CPUs \(default \d+, (host|built-in)\)/);
    assert.match(plain, /--memory SIZE [^(]*\(default \d+[MG], (host|built-in)\)/);
    assert.match(plain, /--disk-size SIZE [^(]*\(default 8G, built-in\)/);
    assert.match(plain, /--image IMAGE [^(]*\(default debian-bookworm, built-in\)/);
    assert.match(plain, /--network MODE .*\(default auto, built-in\)/);
    configure('default_image_name = "own"\n[vm_defaults]\nvcpu = 7\n');
    const configured = await words();
    assert.ok(configured.includes(`Virtual CPUs (default 7, config ${file}:3)`), configured);
    assert.ok(configured.includes(`(default own, config ${file}:1)`), configured);
    configure('vmm = 1\n');
    const broken = await words();
    assert.doesNotMatch(broken, /\(default/);
    assert.ok(broken.includes(`The defaults are not known: ${file}:1: vmm must be`), broken);
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    symlinkSync('/nowhere/x', file);
    assert.match(await words(), /The defaults are not known: .* is a link to nothing/);
  });
}

test('only what reads a configuration file loads its parser and validator', async () => {
  // Otherwise a command would start bangerd, which loads what it needs.
  await fixture.renew();
  const seen = join(fixture.directory, 'loaded');
  const spy = join(fixture.directory, 'spy.mjs');
  writeFileSync(
    spy,
    `import { registerHooks } from 'node:module';
import { appendFileSync } from 'node:fs';
registerHooks({ load: (url, context, next) => (appendFileSync(${JSON.stringify(seen)}, url + '\\n'), next(url, context)) });
`,
  );
  const loaded = async (...args: string[]) => {
    writeFileSync(seen, '');
    await fixture.start(args, { env: { NODE_OPTIONS: `--import=${spy}` } });
    const urls = readFileSync(seen, 'utf8');
    assert.match(urls, /src\/cli\/dispatch\.ts/);
    return ['arktype', 'smol-toml', 'src/config/'].filter((name) => urls.includes(name));
  };
  assert.deepEqual(await loaded('vm', 'run', '--help'), ['src/config/']);
  assert.deepEqual(await loaded('config', 'show'), ['src/config/']);
  configure('vmm = "auto"\n');
  for (const args of [
    ['version'],
    ['vm', 'list'],
    ['vm', 'list', '--help'],
    ['daemon', 'status'],
    ['--help'],
  ]) {
    assert.deepEqual(await loaded(...args), [], args.join(' '));
  }
  assert.deepEqual(await loaded('config', 'path'), ['src/config/']);
  assert.deepEqual(await loaded('config', 'check'), ['arktype', 'smol-toml', 'src/config/']);
});
