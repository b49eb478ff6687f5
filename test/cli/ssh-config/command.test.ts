import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../support/program.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const main = join(import.meta.dirname, '../../../src/cli/main.ts');

/** A home without ~/.ssh, and the command in it. */
function makeHome(t: TestContext) {
  const directory = temporaryDirectory(t);
  const [home, run] = [join(directory, 'home'), join(directory, 'run')];
  for (const path of [home, run]) mkdirSync(path, { mode: 0o700 });
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_RUNTIME_DIR: run };
  delete env.XDG_STATE_HOME;
  const sshConfig = async (args: readonly string[] = [], extra: NodeJS.ProcessEnv = {}) => {
    const ended = await runProgram(process.execPath, [main, 'ssh-config', ...args], {
      env: { ...env, ...extra },
    });
    return { status: ended.status, stdout: ended.stdout.toString(), stderr: ended.stderr };
  };
  const ok = async (...args: string[]) => {
    const ended = await sshConfig(args);
    assert.equal(ended.status, 0, ended.stderr);
    return ended;
  };
  return { home, ssh: join(home, '.ssh'), config: join(home, '.ssh/config'), env, sshConfig, ok };
}

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('without a flag it tells the file and the line, and writes nothing', async (t) => {
  const { home, config, ok } = makeHome(t);
  const file = join(home, '.local/state/banger/ssh_config');
  const told = JSON.parse((await ok('--json')).stdout);
  assert.deepEqual(told, { file, include: `Include "${file}"`, config, installed: false });
  assert.match((await ok()).stdout, /^Installed: no/m);
  assert.deepEqual(
    readdirSync(home).sort(),
    ['.cache'].filter((name) => existsSync(join(home, name))),
  );
  await ok('--install');
  assert.equal(JSON.parse((await ok('--json')).stdout).installed, true);
  assert.match((await ok()).stdout, /^Installed: yes/m);
});

test('what was not there before is gone after, unless somebody else uses it', async (t) => {
  const { ssh, config, ok } = makeHome(t);
  await ok('--uninstall');
  assert.ok(!existsSync(ssh));
  await ok('--install');
  assert.deepEqual([modeOf(ssh), modeOf(config)], [0o700, 0o600]);
  const first = readFileSync(config);
  await ok('--install');
  assert.deepEqual(readFileSync(config), first);
  await ok('--uninstall');
  assert.ok(!existsSync(ssh));

  await ok('--install');
  writeFileSync(join(ssh, 'known_hosts'), '');
  await ok('--uninstall');
  assert.deepEqual(readdirSync(ssh), ['known_hosts']);

  await ok('--install');
  writeFileSync(config, 'Host mine\n', { flag: 'a' });
  await ok('--uninstall');
  assert.equal(readFileSync(config, 'utf8'), 'Host mine\n');

  writeFileSync(config, '');
  await ok('--install');
  await ok('--uninstall');
  assert.equal(readFileSync(config, 'utf8'), '', 'an empty file was there before');
});

test('bytes, mode and links stay', async (t) => {
  const { home, ssh, config, ok } = makeHome(t);
  const dotfiles = join(home, 'dotfiles');
  const target = join(dotfiles, 'ssh.conf');
  mkdirSync(dotfiles);
  mkdirSync(ssh);
  symlinkSync('../between', config);
  symlinkSync('dotfiles/ssh.conf', join(home, 'between'));
  const bytes = Buffer.concat([
    Buffer.from('Host *\r\n # '),
    Buffer.from([0xff, 0xc3, 0x80]),
    Buffer.from('x'),
  ]);
  writeFileSync(target, bytes);
  chmodSync(target, 0o640);
  await ok('--install');
  assert.ok(readFileSync(target).subarray(-bytes.length).equals(bytes));
  assert.ok(lstatSync(config).isSymbolicLink());
  assert.equal(modeOf(target), 0o640);
  assert.equal(realpathSync(config), realpathSync(target));
  await ok('--uninstall');
  assert.ok(readFileSync(target).equals(bytes));
  assert.equal(modeOf(target), 0o640);

  rmSync(target);
  await ok('--install');
  assert.ok(statSync(target).isFile(), 'the file that the link names is made');
  await ok('--uninstall');
  assert.deepEqual([existsSync(target), lstatSync(config).isSymbolicLink()], [false, true]);
  assert.deepEqual(readdirSync(dotfiles), []);
});

test('what cannot be edited is left alone, with one line that says why', async (t) => {
  const { home, ssh, config, sshConfig, ok } = makeHome(t);
  const refused = async (reason: RegExp, args = ['--install'], extra = {}, status = 1) => {
    const ended = await sshConfig(args, extra);
    assert.equal(ended.status, status, ended.stdout);
    assert.match(ended.stderr, reason);
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr);
    assert.equal(ended.stdout, '');
  };
  mkdirSync(config, { recursive: true });
  await refused(/^banger: .*\.ssh\/config cannot be used: it is not a file/);
  await refused(/not a file/, []);
  rmSync(config, { recursive: true });
  writeFileSync(config, 'Host a\n');
  chmodSync(config, 0o400);
  await refused(/read-only/);
  assert.equal(readFileSync(config, 'utf8'), 'Host a\n');
  chmodSync(config, 0o600);
  writeFileSync(config, 'Host a\n# >>> banger ssh-config >>>\n');
  await refused(/line 2 .*has no end/);
  await refused(/line 2 .*has no end/, ['--uninstall']);
  assert.equal(readFileSync(config, 'utf8'), 'Host a\n# >>> banger ssh-config >>>\n');
  rmSync(config);
  symlinkSync('config', config);
  await refused(/too many|ELOOP/);
  rmSync(ssh, { recursive: true });
  writeFileSync(ssh, '');
  await refused(/ENOTDIR|not a directory/);
  rmSync(ssh);
  await refused(/cannot include/, ['--install'], { XDG_STATE_HOME: join(home, 'a*b') });
  await refused(/exclude each other/, ['--install', '--uninstall'], {}, 2);
  await refused(/--json/, ['--install', '--json'], {}, 2);
  assert.ok(!existsSync(ssh));
  await ok('--install');
});

test('several at once leave one fence, and one that is undone', async (t) => {
  const { ssh, config, ok } = makeHome(t);
  mkdirSync(ssh);
  writeFileSync(config, 'Host a\n');
  await Promise.all(Array.from({ length: 6 }, () => ok('--install')));
  assert.equal(readFileSync(config, 'utf8').match(/>>> banger/g)?.length, 1);
  await Promise.all(Array.from({ length: 3 }, () => ok('--uninstall')));
  assert.equal(readFileSync(config, 'utf8'), 'Host a\n');
  assert.deepEqual(readdirSync(ssh), ['config']);
});

test("the older tool's block is told and gone, a user's own is told and stays", async (t) => {
  const { ssh, config, ok } = makeHome(t);
  const own = 'Host *.vm\n  User me\n';
  const older = 'Host *.vm\n  IdentityFile ~/.config/banger/ssh/id_ed25519\n  LocalForward 1 b:2\n';
  mkdirSync(ssh);
  writeFileSync(config, `${own}${older}`);
  const { stderr } = await ok('--install');
  assert.match(stderr, /^note: removed from .*: {3}LocalForward 1 b:2$/m);
  assert.match(stderr, /^note: line 1 of .* of your own/m);
  await ok('--uninstall');
  assert.equal(readFileSync(config, 'utf8'), own);
});

test('ssh reads the file, whatever stands below and however the path is written', async (t) => {
  const { home, ssh, config, env, ok, sshConfig } = makeHome(t);
  const state = join(home, 'a b#é');
  mkdirSync(join(state, 'banger'), { recursive: true });
  writeFileSync(join(state, 'banger/ssh_config'), 'Host web.vm\n  HostName 127.66.0.9\n', { mode: 0o600 });
  mkdirSync(ssh);
  writeFileSync(config, 'HostName elsewhere\r\nHost *\r\n  HostName nowhere', { mode: 0o600 });
  const hostName = async () => {
    const { stdout, stderr } = await runProgram('ssh', ['-T', '-G', '-F', config, 'web.vm'], { env });
    assert.equal(stderr, '');
    return /^hostname (.*)$/m.exec(stdout.toString())?.[1];
  };
  assert.equal(await hostName(), 'elsewhere');
  const installed = await sshConfig(['--install'], { XDG_STATE_HOME: state });
  assert.equal(installed.status, 0, installed.stderr);
  assert.equal(await hostName(), '127.66.0.9');
  await ok('--uninstall');
  assert.equal(await hostName(), 'elsewhere');
});
