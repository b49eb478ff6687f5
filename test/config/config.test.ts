import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import type { Paths } from '../../src/common/paths.ts';
import { type Config, configFile, loadConfig } from '../../src/config/config.ts';
import { temporaryDirectory } from '../support/temporary.ts';

function pathsBelow(directory: string): Paths {
  return {
    config: `${directory}/config`,
    state: `${directory}/state`,
    cache: `${directory}/cache`,
    runtime: `${directory}/runtime`,
  };
}

async function load(t: TestContext, text?: string | Buffer, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  const paths = pathsBelow(temporaryDirectory(t));
  if (text !== undefined) {
    await mkdir(dirname(configFile(paths)), { recursive: true });
    await writeFile(configFile(paths), text);
  }
  return loadConfig(paths, { HOME: '/home/ada', ...env });
}

/** The message that refuses a text, without the directory of the file. */
async function refusal(t: TestContext, text: string | Buffer): Promise<string> {
  const error = await load(t, text).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof BangerError, `was not refused: ${text}`);
  assert.equal(error.code, 'InvalidConfig');
  assert.match(error.message, /\/config\/config\.toml/);
  return error.message.replace(/^.*?config\.toml:?/, '');
}

test('without a file there are defaults', async (t) => {
  assert.deepEqual(await load(t), {
    logLevel: 'info',
    qemuBin: 'qemu-system-x86_64',
    vmm: 'auto',
    defaultImageName: 'debian-bookworm',
    network: 'auto',
    vmDefaults: {},
    warnings: [],
  });
});

test('every key of a full file is used', async (t) => {
  const config = await load(
    t,
    `log_level = "debug"
qemu_bin = "~/bin/qemu"
vmm = "qemu"
ssh_key_path = "/keys/id"
default_image_name = "other"
network = "user"
[vm_defaults]
vcpu = 3
memory = "2G"
disk_size = "20GiB"
`,
  );
  assert.deepEqual(config, {
    logLevel: 'debug',
    qemuBin: '/home/ada/bin/qemu',
    vmm: 'qemu',
    sshKeyPath: '/keys/id',
    defaultImageName: 'other',
    network: 'user',
    vmDefaults: { vcpus: 3, memoryBytes: 2 * 1024 ** 3, diskBytes: 20 * 1024 ** 3 },
    statsPollIntervalMs: 10_000,
    metricsPollIntervalMs: 60_000,
    fileSync: [],
    warnings: [],
  });
});

test('an empty file and one of comments change nothing', async (t) => {
  const defaults = await load(t);
  for (const text of ['', '# nothing\n\n', '[vm_defaults]\n']) {
    assert.deepEqual(await load(t, text), defaults);
  }
});

describe('refusals name the line, the key and the remedy', () => {
  const cases: [text: string, message: string | RegExp][] = [
    ['# one\nlog_levle = "info"\n', '2: log_levle is not a setting; did you mean log_level?'],
    ['vcpu = 2\n', /^1: vcpu is not a setting/],
    ['colour = 1\n', /^1: colour is not a setting; known here: .*log_level/],
    ['\n[vm_defaults]\nvcpus = 2\n', '3: vm_defaults.vcpus is not a setting; did you mean vm_defaults.vcpu?'],
    ['[vm_defaults]\nvcpu = 0\n', /^2: vm_defaults\.vcpu must be .*; it is 0$/],
    ['[vm_defaults]\nvcpu = "2"\n', /^2: vm_defaults\.vcpu must be a whole number of at least 1; it is "2"$/],
    ['vm_defaults.vcpu = 1.5\n', '1: vm_defaults.vcpu must be a whole number of at least 1; it is 1.5'],
    ['vm_defaults = 3\n', '1: vm_defaults must be a table; it is 3'],
    [
      '[vm_defaults]\nmemory = 2\n',
      '2: vm_defaults.memory must be a size in quotes with its unit, such as "2G"; it is 2',
    ],
    ['[vm_defaults]\n\nmemory = "lots"\n', /^3: vm_defaults\.memory is wrong: .*lots/],
    ['[vm_defaults]\ndisk_size = ""\n', /^2: vm_defaults\.disk_size must be a size in quotes/],
    ['log_level = "loud"\n', /^1: log_level must be .*"debug".*; it is "loud"$/],
    ['log_level = ["info",\n "debug"]\n', /^1: log_level must be /],
    ['vmm = "vmware"\n', '1: vmm must be "auto" or "qemu"; it is "vmware"'],
    ['network = "bridge"\n', '1: network must be "auto" or "user"; it is "bridge"'],
    [
      'ssh_key_path = "keys/id"\n',
      "1: ssh_key_path must be an absolute path or begin with ~/; it is 'keys/id'",
    ],
    ['default_image_name = ""\n', /^1: default_image_name must be a text in quotes; it is ""/],
    ['bridge_name = "br0"\n', '1: bridge_name is not supported by this version of banger yet; remove it'],
    ['\n\n[[file_sync]]\nhost = "~/.gitconfig"\n', /^3: file_sync is not supported/],
    ['log_level = "info\n', /^1: Invalid TOML document: /],
    ['vmm = "auto"\nvmm = "qemu"\n', /^2: Invalid TOML document: /],
    ['__proto__ = 1\n', /^1: __proto__ is not a setting/],
    ['constructor = 1\n', /^1: constructor is not a setting/],
  ];
  for (const [text, message] of cases) {
    test(JSON.stringify(text), async (t) => {
      const said = (await refusal(t, text)).trim();
      if (typeof message === 'string') assert.equal(said, message);
      else assert.match(said, message);
    });
  }
});

test('what is no text is refused', async (t) => {
  assert.match(await refusal(t, Buffer.from([0x61, 0xff, 0xfe])), /not UTF-8/);
  assert.match(await refusal(t, Buffer.alloc(2 * 1024 * 1024, 0x23)), /2097152 bytes/);
});

test('a file that cannot be read is an error, not a default', async (t) => {
  const paths = pathsBelow(temporaryDirectory(t));
  await mkdir(configFile(paths), { recursive: true });
  await assert.rejects(loadConfig(paths, {}), { code: 'InvalidConfig', message: /cannot be read/ });
});

test('keys of the older tool warn and name what replaces them', async (t) => {
  const { warnings, logLevel } = await load(
    t,
    'runtime_dir = "/x"\nlog_level = "warn"\ndefault_rootfs = "y"\n',
  );
  assert.equal(logLevel, 'warn');
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /config\.toml:1: runtime_dir /);
  assert.match(warnings[1] ?? '', /config\.toml:3: default_rootfs .*default_image_name/);
});

test('BANGER_LOG_LEVEL overrides the file and is checked', async (t) => {
  assert.equal((await load(t, 'log_level = "warn"\n', { BANGER_LOG_LEVEL: 'trace' })).logLevel, 'trace');
  assert.equal((await load(t, 'log_level = "warn"\n', { BANGER_LOG_LEVEL: '' })).logLevel, 'warn');
  await assert.rejects(load(t, undefined, { BANGER_LOG_LEVEL: 'loud' }), {
    code: 'InvalidConfig',
    message: "BANGER_LOG_LEVEL is 'loud'; it must be one of trace, debug, info, warn, error",
  });
});
