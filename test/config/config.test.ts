import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BangerError } from '../../src/common/errors.ts';
import type { Paths } from '../../src/common/paths.ts';
import { type Config, configFile, loadConfig } from '../../src/config/config.ts';
import { defaultSettings } from '../../src/config/table.ts';
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

test('no file, an empty one and one of comments give the defaults', async (t) => {
  const defaults = await load(t);
  assert.deepEqual(defaults, {
    ...defaultSettings(),
    fileSync: [],
    vmDefaults: {},
    places: {},
    warnings: [],
  });
  for (const text of ['', '# nothing\n\n', '[vm_defaults]\n']) {
    assert.deepEqual(await load(t, text), defaults);
  }
});

test('a refusal names the first problem and how many more there are', async (t) => {
  const one = await refusal(t, 'vmm = "auto"\nnetwork = 3\n');
  assert.equal(
    one,
    '2: network must be "auto" or "user" or "bridge" or "none", it is 3; correct it and run the command again',
  );
  const three = await refusal(t, 'vmm = 1\nnetwork = 3\ncolour = 1\n');
  assert.equal(
    three,
    '1: vmm must be "auto" or "qemu" or "firecracker", it is 1, and 2 more; `banger config check` lists them',
  );
});

test('what is no text is refused', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from('# \u00e9\nvmm = "'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"\n#'),
  ]);
  assert.equal(await refusal(t, bytes), '2: is not UTF-8 text; correct it and run the command again');
  assert.equal(
    await refusal(t, Buffer.from([0x61, 0xc3])),
    '1: is not UTF-8 text; correct it and run the command again',
  );
  assert.match(await refusal(t, Buffer.alloc(65_537, 0x23)), /65537 bytes/);
});

test('what is no file is an error, not a default, and nobody waits for it', async (t) => {
  const refused = async (make: (file: string) => unknown, message: RegExp) => {
    const paths = pathsBelow(temporaryDirectory(t));
    await mkdir(paths.config, { recursive: true });
    await make(configFile(paths));
    await assert.rejects(loadConfig(paths, {}), { code: 'InvalidConfig', message });
  };
  await refused((file) => mkdir(file), /is a directory; correct it/);
  await refused((file) => symlink('/dev/zero', file), /is not a regular file; correct it/);
  await refused((file) => execFileSync('mkfifo', [file]), /is not a regular file; correct it/);
  await refused((file) => symlink('/nowhere/x', file), /is a link to nothing/);
  await refused(
    (file) => symlink('config.toml', file),
    /config\.toml cannot be read: its links lead in a circle/,
  );
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
    message:
      'BANGER_LOG_LEVEL is "loud", it must be one of trace, debug, info, warn, error; correct it and run the command again',
  });
});
