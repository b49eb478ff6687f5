import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configFile } from '../../src/config/config.ts';
import { examineHost } from '../../src/doctor/host.ts';
import { hasLinger } from '../../src/doctor/linger.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { daemonFacts } from './facts.ts';

/** What doctor finds of a configuration, without its directory. */
async function findings(t: TestContext, text: string): Promise<string[]> {
  const directory = temporaryDirectory(t);
  const paths = { config: directory, state: directory, cache: directory, runtime: directory };
  mkdirSync(directory, { recursive: true });
  writeFileSync(configFile(paths), text);
  const found = await examineHost(paths, daemonFacts());
  return found
    .filter(({ check }) => check === 'configuration')
    .map(({ status, detail }) => `${status} ${detail.replaceAll(`${directory}/`, '')}`);
}

test('doctor reports where the sizes of VMs come from', async (t) => {
  const [sizes = '', ...others] = await findings(t, '[vm_defaults]\nvcpu = 3\n\ndisk_size = "20G"\n');
  assert.deepEqual(others, []);
  assert.match(
    sizes,
    /^pass new VMs have 3 vCPUs \(config config\.toml:2\), \d+ MiB memory \((host|built-in)\), 20480 MiB disk \(config config\.toml:4\)$/,
  );
});

test('doctor reports every problem of a broken configuration', async (t) => {
  assert.deepEqual(await findings(t, 'vmm = 1\nvmm = 2\n'), [
    'fail config.toml:1: vmm must be "auto" or "qemu" or "firecracker"; it is 1',
    'fail config.toml:2: vmm is there for the second time; leave one of the two out',
  ]);
});

test('doctor warns of what is ignored and of name servers that guests cannot reach', async (t) => {
  const found = await findings(t, 'runtime_dir = "/x"\ndefault_dns = ["9.9.9.9", "192.168.1.1"]\n');
  assert.deepEqual(found.slice(0, -1), [
    'warn config.toml:1: runtime_dir of the older tool is ignored: banger finds its own parts; leave it out',
    'warn config.toml:2: default_dns 192.168.1.1 lies in a network that guests are denied, so they find no names',
  ]);
  assert.match(found.at(-1) ?? '', /^pass new VMs have/);
});

test('doctor reports whether VMs outlive a logout', async (t) => {
  const directory = temporaryDirectory(t);
  const paths = { config: directory, state: directory, cache: directory, runtime: directory };
  const found = async (linger: boolean | undefined) =>
    (await examineHost(paths, daemonFacts({ linger }))).filter(({ check }) => check === 'linger');
  assert.deepEqual(await found(undefined), []);
  assert.deepEqual(
    (await found(true)).map(({ status }) => status),
    ['pass'],
  );
  const detail = 'VMs are stopped when you log out for the last time';
  const remedy = 'loginctl enable-linger';
  assert.deepEqual(await found(false), [{ check: 'linger', status: 'warn', detail, remedy }]);
});

test('who lingers is read where logind writes it', (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(hasLinger(directory), false);
  writeFileSync(join(directory, userInfo().username), '');
  assert.equal(hasLinger(directory), true);
  assert.equal(hasLinger(join(directory, 'nothing')), false);
});
